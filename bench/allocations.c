/* SPDX-License-Identifier: Apache-2.0
 *
 * Counts what the process asks of the allocator, when it is preloaded. measure.h has the other side. */
#include <stdatomic.h>
#include <stddef.h>

/* glibc's own names for what is replaced here. */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *p, size_t size);
void *__libc_memalign(size_t alignment, size_t size);

void *malloc(size_t size);
void *calloc(size_t n, size_t size);
void *realloc(void *p, size_t size);
void *aligned_alloc(size_t alignment, size_t size);
int posix_memalign(void **ret, size_t alignment, size_t size);
size_t allocations_made(void);

static _Atomic size_t made;

size_t allocations_made(void) { return atomic_load(&made); }

void *malloc(size_t size)
{
    atomic_fetch_add_explicit(&made, 1, memory_order_relaxed);
    return __libc_malloc(size);
}

void *calloc(size_t n, size_t size)
{
    atomic_fetch_add_explicit(&made, 1, memory_order_relaxed);
    return __libc_calloc(n, size);
}

void *realloc(void *p, size_t size)
{
    atomic_fetch_add_explicit(&made, 1, memory_order_relaxed);
    return __libc_realloc(p, size);
}

void *aligned_alloc(size_t alignment, size_t size)
{
    atomic_fetch_add_explicit(&made, 1, memory_order_relaxed);
    return __libc_memalign(alignment, size);
}

int posix_memalign(void **ret, size_t alignment, size_t size)
{
    enum { NO_MEMORY = 12 };
    void *p = aligned_alloc(alignment, size);
    if (!p)
        return NO_MEMORY;
    *ret = p;
    return 0;
}
