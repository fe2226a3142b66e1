/* SPDX-License-Identifier: Apache-2.0
 *
 * One thread that takes what calls leave behind and hands it to a sink, in batches: whatever came within AUDIT_NAP_MS, or at once where somebody waits. It knows no database.
 *
 * To put a record is a change of one atomic word: no lock, no system call, but for the first after a pause, which wakes the thread, and where the queue is full: then
 * whoever puts waits until there is room. Nothing that was put is dropped unless the sink fails: then records are kept while there is room, tried again each
 * second, and what had to be dropped is counted and told in a record of its own, which is the first that is written afterwards.
 */
#pragma once
#include "audit/record.h"

enum { AUDIT_NAP_MS = 50, AUDIT_QUEUE_MAX = 8192, AUDIT_QUEUE_BYTES_MAX = 16 << 20 };

/* Writes the records of the list, all or none; `durable`: also if the machine loses its power. On one thread at a time. */
struct audit_sink { int (*write)(void *data, const struct audit_record *first, bool durable, cordon_error **err); void *data; };

struct audit_writer;
int audit_writer_new(const struct audit_sink *sink, struct audit_writer **ret, cordon_error **err);
/* Takes it. Any thread. */
void audit_writer_put(struct audit_writer *w, struct audit_record *r);
/* Counts a record that could not even be made. */
void audit_writer_miss(struct audit_writer *w);
/* Waits until all that was put before is written, or cannot be: then the error says why. Any thread. */
int audit_writer_flush(struct audit_writer *w, cordon_error **err);
/* Writes what is left, and ends. Nobody may put anything any more. NULL allowed. */
void audit_writer_free(struct audit_writer *w);
