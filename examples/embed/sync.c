/* SPDX-License-Identifier: Apache-2.0
 *
 * The smallest program on libcordon: a host, a skill, one call of an export with JSON, its answer.
 *
 *     gcc -o sync sync.c $(pkg-config --cflags --libs cordon)
 *     ./sync words.wasm count '{"text": "to be or not to be", "top": 1}'
 */
#include <cordon/cordon.h>
#include <stdio.h>

int main(int argc, char **argv)
{
    cordon_host *host = NULL;
    cordon_skill *skill = NULL;
    cordon_outcome *outcome = NULL;
    cordon_error *err = NULL;
    int code = 2;

    if (argc == 4 && cordon_host_new(NULL, &host, &err) == 0 &&
        cordon_skill_load(host, argv[1], CORDON_TIER_UNTRUSTED, &skill, &err) == 0 &&
        cordon_call_json(skill, argv[2], argv[3], &outcome, &err) == 0) {
        code = cordon_outcome_exit_code(outcome);
        const char *message = cordon_outcome_message(outcome);
        puts(message ? message : cordon_outcome_output(outcome, NULL, NULL));
    }
    if (err)
        fprintf(stderr, "%s\n", cordon_error_message(err));
    cordon_error_free(err);
    cordon_outcome_free(outcome);
    cordon_skill_free(skill);
    cordon_host_free(host);
    return code;
}
