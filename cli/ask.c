/* SPDX-License-Identifier: Apache-2.0 */
#include "ask.h"

#include "cleanup.h"
#include "interrupt.h"
#include "quote.h"
#include <jansson.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

int ask_begin(const struct cli *cli, bool wanted, struct ask *a, cordon_error **err)
{
    *a = (struct ask){.cli = cli};
    if (!wanted)
        return 0;
    a->in = fopen("/dev/tty", "re");
    a->out = fopen("/dev/tty", "we");
    if (!a->in || !a->out)
        return cordon_error_set(err, CORDON_E_USAGE, "ask", "Without one, give grants with -a; `cordon help grants` shows them.", "--ask needs a terminal to ask on, and there is none");
    return 0;
}

void ask_finish(struct ask *a)
{
    for (size_t i = 0; i < a->n_given; i++)
        free(a->given[i]);
    if (a->in)
        fclose(a->in);
    if (a->out)
        fclose(a->out);
}

static void print_escaped(FILE *f, const char *text)
{
    cleanup_text char *shown = cordon_escape(text, strlen(text) > 512 ? 512 : strlen(text), false);
    fputs(shown ? shown : "?", f);
}

/* Waits for a line. A signal ends it, also one that came just before: from then on it is let in while this waits, and nowhere else. */
static bool is_answered(FILE *terminal)
{
    sigset_t held, before;
    struct pollfd input = {.fd = fileno(terminal), .events = POLLIN};
    sigemptyset(&held);
    sigaddset(&held, SIGINT);
    sigaddset(&held, SIGTERM);
    sigprocmask(SIG_BLOCK, &held, &before);
    bool answered = !interrupt_caught() && ppoll(&input, 1, NULL, &before) > 0;
    sigprocmask(SIG_SETMASK, &before, NULL);
    return answered;
}

/* y or yes is yes; anything else, an end of input or a signal is no. */
static bool is_yes(FILE *terminal)
{
    char line[16];
    if (!is_answered(terminal) || !fgets(line, sizeof line, terminal))
        return false;
    bool whole = strchr(line, '\n');
    for (int c = 0; !whole && c != '\n' && c != EOF;)
        c = fgetc(terminal);
    return whole && (!strcasecmp(line, "y\n") || !strcasecmp(line, "yes\n"));
}

static void remember(struct ask *a, const char *grant)
{
    for (size_t i = 0; i < a->n_given; i++)
        if (!strcmp(a->given[i], grant))
            return;
    if (a->n_given < ASK_GIVEN_MAX && (a->given[a->n_given] = strdup(grant)))
        a->n_given++;
}

static void on_question(void *data, const struct cordon_question *q, cordon_decision *decision)
{
    struct ask *a = data;
    FILE *f = a->out;
    fputs("cordon: ", f);
    print_escaped(f, q->skill);
    fprintf(f, " wants %s ", q->capability);
    print_escaped(f, q->wanted);
    fputs("\n        Allow ", f);
    print_escaped(f, q->grant);
    fputs(" for this run? [y/N] ", f);
    fflush(f);
    if (!is_yes(a->in)) {
        cordon_decision_deny(decision);
        return;
    }
    cleanup_error cordon_error *why = NULL;
    if (cordon_decision_allow(decision, &why) == 0)
        remember(a, q->grant);
    else
        fprintf(f, "        It cannot be given: %s\n", cordon_error_message(why));
    fflush(f);
}

int ask_attach(struct ask *a, const cordon_skill *skill, cordon_request *req, cordon_error **err)
{
    a->skill = skill;
    return a->out ? cordon_request_set_ask(req, on_question, a, err) : 0;
}

/* ---- in the end ---- */

/* The kind of grant as `asks` of a description names it. */
static bool is_asked_for(const json_t *asks, const char *grant)
{
    size_t i, len = strcspn(grant, "=");
    const json_t *kind;
    json_array_foreach(asks, i, kind) {
        if (strlen(json_string_value(kind)) == len && !strncmp(json_string_value(kind), grant, len))
            return true;
    }
    return false;
}

static void print_list(const struct ask *a, const json_t *asks, bool asked, const char *heading)
{
    bool any = false;
    for (size_t i = 0; i < a->n_given; i++) {
        if (is_asked_for(asks, a->given[i]) != asked)
            continue;
        if (!any) {
            fprintf(stderr, "%s\n  cordon %s ", heading, a->cli->command->name);
            quote_print(stderr, a->cli->args.words[0]);
        }
        any = true;
        fputs(" -a ", stderr);
        quote_print(stderr, a->given[i]);
    }
    if (any)
        fputc('\n', stderr);
}

void ask_sum_up(const struct ask *a)
{
    if (!a->n_given || a->cli->quiet)
        return;
    cleanup_text char *text = NULL;
    cleanup_json json_t *about = cordon_skill_describe(a->skill, &text, NULL) == 0 ? json_loads(text, 0, NULL) : NULL;
    const json_t *asks = json_object_get(about, "asks");
    print_list(a, asks, true, "Granted of what the skill asks for. Without questions next time:");
    print_list(a, asks, false, "Granted beyond what the skill asks for:");
}
