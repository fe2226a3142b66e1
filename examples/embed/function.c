/* SPDX-License-Identifier: Apache-2.0
 *
 * A host function of the program's own: a skill that imports `demo:math/host@1.0.0` may ask this program to double a number, if the request grants it. Arguments and
 * answers are JSON; jansson reads them here, any other reader does.
 *
 *     gcc -o function function.c $(pkg-config --cflags --libs cordon jansson)
 *     ./function own.wat 21
 */
#include <cordon/cordon.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

/* On the thread that runs the guest: quick, and safe to be in several times at once. What takes longer keeps `reply` and answers later, from any thread. */
static void on_double(void *data, const struct cordon_function_call *call, cordon_reply *reply)
{
    char text[32];
    json_int_t x = 0;
    json_t *args = json_loadb(call->args, call->args_len, 0, NULL);
    (void)data;
    json_unpack(args, "{sI}", "x", &x);
    json_decref(args);
    int n = snprintf(text, sizeof text, "%lld", 2 * (long long)x);
    cordon_reply_json(reply, text, (size_t)n);
}

static void on_greet(void *data, const struct cordon_function_call *call, cordon_reply *reply)
{
    (void)data;
    (void)call;
    cordon_reply_err(reply, "this program greets nobody");
}

static void on_note(void *data, const struct cordon_function_call *call, cordon_reply *reply)
{
    (void)data;
    fprintf(stderr, "%s notes %s\n", call->skill, call->args);
    cordon_reply_json(reply, NULL, 0);
}

static int offer(cordon_host_opts *opts, cordon_error **err)
{
    static const struct { const char *name, *type, *capability; cordon_function_fn *fn; } functions[] = {
        {"double", "func(x: u32) -> u32", "sums", on_double},
        {"greet", "func(who: string, warmly: bool) -> result<string, string>", NULL, on_greet},
        {"note", "func(points: list<tuple<f64, f64>>)", NULL, on_note},
    };
    for (size_t i = 0; i < sizeof functions / sizeof *functions; i++) {
        int rc = cordon_host_opts_add_function(opts, "demo:math/host@1.0.0", functions[i].name, functions[i].type, functions[i].capability,
                                               CORDON_FUNCTION_HERE, functions[i].fn, NULL, err);
        if (rc < 0)
            return rc;
    }
    return 0;
}

static int call(cordon_skill *skill, const char *x, cordon_error **err)
{
    char args[64];
    cordon_request *req = NULL;
    cordon_outcome *outcome = NULL;
    snprintf(args, sizeof args, "{\"x\": %s}", x);
    int rc = cordon_request_new(skill, "double", &req, err);
    if (rc == 0)
        rc = cordon_request_set_args(req, args, strlen(args), err);
    if (rc == 0)
        rc = cordon_request_allow(req, "call=sums", err);
    if (rc == 0)
        rc = cordon_request_run(req, &outcome, err);
    if (outcome)
        puts(cordon_outcome_message(outcome) ? cordon_outcome_message(outcome) : cordon_outcome_output(outcome, NULL, NULL));
    cordon_outcome_free(outcome);
    cordon_request_free(req);
    return rc;
}

int main(int argc, char **argv)
{
    cordon_host *host = NULL;
    cordon_skill *skill = NULL;
    cordon_error *err = NULL;
    cordon_host_opts *opts = cordon_host_opts_new();
    if (argc != 3 || !opts)
        return 2;
    int rc = offer(opts, &err);
    if (rc == 0)
        rc = cordon_host_new(opts, &host, &err);
    if (rc == 0)
        rc = cordon_skill_load(host, argv[1], CORDON_TIER_UNTRUSTED, &skill, &err);
    if (rc == 0)
        rc = call(skill, argv[2], &err);
    if (rc < 0)
        fprintf(stderr, "%s\n  %s\n", cordon_error_message(err), cordon_error_hint(err));
    cordon_error_free(err);
    cordon_skill_free(skill);
    cordon_host_free(host);
    cordon_host_opts_free(opts);
    return rc < 0;
}
