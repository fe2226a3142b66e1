/* SPDX-License-Identifier: Apache-2.0 */
#include "script.h"

#include "cleanup.h"
#include "interrupt.h"
#include "report.h"

static int check_plan(const struct plan *p, const char *name, cordon_error **err)
{
    const char *what = p->call ? "an export to call" : p->args ? "arguments as JSON" : p->argc ? "arguments after --" : p->bot ? "a bot" : NULL;
    return what ? cordon_error_set(err, CORDON_E_USAGE, name, "Its input is what it reads from standard input: cordon run NAME INPUT.", "%s is a local script: it takes no %s", name, what)
                : 0;
}

static int prepare(const struct plan *p, cordon_script *s, cordon_error **err)
{
    int rc = plan_script(p, s, err);
    return rc == 0 && p->input ? cordon_script_set_input(s, p->input, p->input_len, err) : rc;
}

/* A signal makes the descriptor readable. */
int script_call(cordon_script *s, cordon_outcome **ret, cordon_error **err)
{
    int cancel = -1, rc = interrupt_open(&cancel, err);
    if (rc == 0)
        rc = cordon_script_run(s, cancel, ret, err);
    interrupt_close(cancel);
    return rc;
}

void script_tell_log(const struct cli *cli, const char *name, const cordon_outcome *outcome)
{
    const char *level, *message;
    for (size_t i = 0; !cli->json && cordon_outcome_log(outcome, i, &level, &message); i++)
        report_log_line(cli, name, level, message);
}

int script_run(const struct cli *cli, const struct plan *plan, cordon_script *s, const char *name)
{
    cordon_error *err = NULL;
    cleanup_outcome cordon_outcome *outcome = NULL;
    if (check_plan(plan, name, &err) < 0 || prepare(plan, s, &err) < 0 || script_call(s, &outcome, &err) < 0)
        return report_error(cli, name, err);
    script_tell_log(cli, name, outcome);
    return report_outcome(cli, name, outcome);
}
