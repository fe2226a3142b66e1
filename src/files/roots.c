/* SPDX-License-Identifier: Apache-2.0 */
#include "files.h"
#include "base/cleanup.h"
#include "base/error.h"
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

struct file_roots *file_roots_new(void)
{
    struct file_roots *s = calloc(1, sizeof *s);
    if (s)
        s->refs = 1;
    return s;
}

void file_roots_ref(struct file_roots *s) { atomic_fetch_add_explicit(&s->refs, 1, memory_order_relaxed); }

void file_roots_unref(struct file_roots *s)
{
    if (!s || atomic_fetch_sub_explicit(&s->refs, 1, memory_order_acq_rel) != 1)
        return;
    for (size_t i = 0; i < s->n; i++)
        file_root_unref(s->item[i]);
    free(s->item);
    free(s);
}

static void cleanup_roots(struct file_roots **s) { file_roots_unref(*s); }
static void cleanup_root(struct file_root **r) { file_root_unref(*r); }

/* A copy with room for one more. */
static struct file_roots *copy(const struct file_roots *from)
{
    cleanup(cleanup_roots) struct file_roots *s = file_roots_new();
    if (!s || !(s->item = calloc(from->n + 1, sizeof(struct file_root *))))
        return NULL;
    for (; s->n < from->n; s->n++)
        file_root_ref(s->item[s->n] = from->item[s->n]);
    return take(s);
}

/* The same folder at the same place, with both accesses. */
static struct file_root *join(const struct file_root *a, const struct file_root *b)
{
    cleanup(cleanup_root) struct file_root *r = calloc(1, sizeof *r);
    if (!r)
        return NULL;
    *r = (struct file_root){.refs = 1, .access = a->access | b->access, .dev = a->dev, .ino = a->ino, .fd = fcntl(a->fd, F_DUPFD_CLOEXEC, 0)};
    r->guest = strdup(a->guest);
    r->path = strdup(a->path);
    return r->guest && r->path && r->fd >= 0 ? take(r) : NULL;
}

static int add_again(struct file_roots *s, size_t at, struct file_root *r, cordon_error **err)
{
    const struct file_root *old = s->item[at];
    if (old->dev != r->dev || old->ino != r->ino)
        return err_set(err, CORDON_E_USAGE, r->guest, "two folders cannot both be %s for the skill: %s is there already, and %s was to be", r->guest,
                       old->path, r->path);
    struct file_root *both = join(old, r);
    if (!both)
        return err_nomem(err);
    file_root_unref(s->item[at]);
    s->item[at] = both;
    return 0;
}

static int add_new(struct file_roots *s, size_t at, struct file_root *r, cordon_error **err)
{
    if (s->n >= FILE_ROOTS_MAX)
        return err_set(err, CORDON_E_TOO_LARGE, "grants", "a call has at most %d granted folders", FILE_ROOTS_MAX);
    memmove(&s->item[at + 1], &s->item[at], (s->n - at) * sizeof(struct file_root *));
    file_root_ref(s->item[at] = r);
    s->n++;
    return 0;
}

int file_roots_add(struct file_roots **set, struct file_root *r, cordon_error **err)
{
    cleanup(cleanup_roots) struct file_roots *s = copy(*set);
    if (!s)
        return err_nomem(err);
    size_t at = 0, len = strlen(r->guest);
    while (at < s->n && strlen(s->item[at]->guest) > len)
        at++;
    size_t same = at;
    while (same < s->n && strcmp(s->item[same]->guest, r->guest) != 0)
        same++;
    int rc = same < s->n ? add_again(s, same, r, err) : add_new(s, at, r, err);
    if (rc < 0)
        return rc;
    file_roots_unref(*set);
    *set = take(s);
    return 0;
}

const struct file_root *file_roots_find(const struct file_roots *s, const char *path, const char **ret_rest)
{
    for (size_t i = 0; s && i < s->n; i++) {
        const char *guest = s->item[i]->guest;
        size_t n = strcmp(guest, "/") == 0 ? 0 : strlen(guest);
        if (strncmp(path, guest, n) == 0 && (path[n] == '/' || !path[n])) {
            *ret_rest = path + n + strspn(path + n, "/");
            return s->item[i];
        }
    }
    return NULL;
}
