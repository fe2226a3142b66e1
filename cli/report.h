/* SPDX-License-Identifier: Apache-2.0
 *
 * What the command says. stdout holds results alone, stderr all else; with --json there is one object on stdout and nothing
 * else. Whatever a stranger wrote is escaped before a terminal sees it.
 */
#pragma once
#include "command.h"
#include <cordon/cordon.h>
#include <jansson.h>
#include <stdio.h>

enum { EXIT_USAGE = 2, EXIT_IO = 7 };

/* Tells why nothing was done and gives the exit code. Takes the error. `skill` may be NULL. */
int report_error(const struct cli *cli, const char *skill, cordon_error *err);
/* A line of the skill's log on stderr, if it is to be seen. */
void report_log_line(const struct cli *cli, const char *skill, const char *level, const char *message);
/* Tells how a call ended (answer, log, denials, reason) and gives the exit code. */
int report_outcome(const struct cli *cli, const char *skill, const cordon_outcome *outcome);
/* The same on stderr alone, without the answer: denials, and, behind `where` (NULL: nothing), the reason. */
void report_ending(const struct cli *cli, const char *where, const cordon_outcome *outcome);

/* Writes to stdout, all of it: 0, or IO. A stranger's text is escaped if stdout is a terminal. */
int out_write(const char *data, size_t len, cordon_error **err);
int out_guest(const struct cli *cli, const char *text, size_t len, cordon_error **err);
/* One line of JSON and the exit code: 0, or that of the failed write. */
int out_json_line(const struct cli *cli, const char *json);
/* The same for an object, which gets `"cordon":1` before its keys. */
int out_object(const struct cli *cli, json_t *object);
/* For what was printed with stdio: flushes it, and gives `code`, or that of the failed write. */
int out_end(const struct cli *cli, int code);
/* Prints a stranger's text with stdio, escaped, cut at `max` bytes. */
void print_guest(FILE *f, const char *text, size_t max);
/* The same for exactly `len` bytes. */
void print_guest_n(FILE *f, const char *text, size_t len);
/* The string at `key` of an object; "" if there is none. Lives as long as the object. */
const char *text_of(const json_t *object, const char *key);
