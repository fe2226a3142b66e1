/* SPDX-License-Identifier: Apache-2.0
 *
 * HOME/audit.head: how many rows there are, and the hash of the chain's end, as one line "N:HASH". Written in one piece over what was there; a later one is never shorter.
 * A killed writer may leave one that is behind the chain, never one that is ahead of it.
 */
#pragma once
#include "audit/chain.h"
#include "keep/home.h"

enum { AUDIT_HEAD_TEXT = 20 + 1 + AUDIT_HEX };

/* False if the text is no head: "N:HASH", a newline may follow. */
bool audit_head_parse(const char *text, size_t len, struct audit_head *ret);
void audit_head_print(const struct audit_head *h, char ret[AUDIT_HEAD_TEXT]);

/* Opens it for writing; one that is not there is made: with `begin`, or (NULL) as one that says nothing. The caller's *ret_fd. */
int audit_head_open(const struct home *h, const struct audit_head *begin, int *ret_fd, cordon_error **err);
/* 1: read; 0: it is not there, or no head. */
int audit_head_read(const struct home *h, struct audit_head *ret, cordon_error **err);
/* The same of one that is open. */
bool audit_head_fetch(int fd, struct audit_head *ret);
/* Unless what is there is of a later row, because another process was faster; `anew`: whatever is there. */
int audit_head_write(int fd, const struct audit_head *head, bool anew, cordon_error **err);
