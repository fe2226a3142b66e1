/* SPDX-License-Identifier: Apache-2.0 */
#include "script/procs.h"
#include "base/cleanup.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>

enum { TEXT_MAX = 4096 };

/* The whole of a small file beneath /proc; false if it is gone, as processes go. */
static bool read_text(int proc, const char *pid, const char *name, char ret[TEXT_MAX])
{
    char path[64];
    snprintf(path, sizeof path, "%s/%s", pid, name);
    cleanup_fd int fd = openat(proc, path, O_RDONLY | O_CLOEXEC);
    size_t len = 0;
    ssize_t n = -1;
    while (fd >= 0 && len < TEXT_MAX - 1 && ((n = read(fd, ret + len, TEXT_MAX - 1 - len)) > 0 || (n < 0 && errno == EINTR)))
        len += n > 0 ? (size_t)n : 0;
    ret[len] = '\0';
    return n >= 0 && len;
}

/* "PID (name) STATE parent group session ..."; the name may hold anything. */
static bool parse_stat(const char *text, struct proc *ret)
{
    long group, session;
    unsigned long threads, resident;
    char state;
    const char *at = strrchr(text, ')');
    /* NOLINTNEXTLINE(cert-err34-c): the kernel's own numbers */
    if (!at || sscanf(at + 1, " %c %*d %ld %ld %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %lu %*d %*u %*u %lu", &state, &group, &session, &threads,
                      &resident) != 5)
        return false;
    ret->group = (pid_t)group;
    ret->session = (pid_t)session;
    ret->zombie = state == 'Z' || state == 'X';
    ret->threads = (unsigned)threads;
    ret->resident_bytes = resident * (uint64_t)sysconf(_SC_PAGESIZE);
    return true;
}

static DIR *open_proc(void) { return opendir("/proc"); }

/* The next entry that is a process; NULL at the end. */
static const char *next_pid(DIR *d)
{
    struct dirent *e;
    while ((e = readdir(d)))
        if (e->d_name[0] >= '1' && e->d_name[0] <= '9')
            return e->d_name;
    return NULL;
}

static void cleanup_dir(DIR **d)
{
    if (*d)
        closedir(*d);
}

void procs_each(void (*each)(void *data, const struct proc *p), void *data)
{
    cleanup(cleanup_dir) DIR *d = open_proc();
    char text[TEXT_MAX];
    for (const char *pid; d && (pid = next_pid(d));) {
        struct proc p = {.pid = (pid_t)strtol(pid, NULL, 10)};
        if (read_text(dirfd(d), pid, "stat", text) && parse_stat(text, &p))
            each(data, &p);
    }
}

/* The number behind "\nNAME:". */
static uint64_t field(const char *text, const char *name)
{
    const char *at = strstr(text, name);
    return at ? strtoull(at + strlen(name), NULL, 10) : 0;
}

uint64_t procs_of_user(uid_t uid)
{
    cleanup(cleanup_dir) DIR *d = open_proc();
    char text[TEXT_MAX];
    uint64_t n = 0;
    for (const char *pid; d && (pid = next_pid(d));)
        if (read_text(dirfd(d), pid, "status", text) && strstr(text, "\nUid:") && field(text, "\nUid:") == uid)
            n += field(text, "\nThreads:");
    return n;
}

static bool read_of(pid_t pid, const char *file, char ret[TEXT_MAX])
{
    char name[16];
    snprintf(name, sizeof name, "%d", (int)pid);
    cleanup_fd int proc = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
    return proc >= 0 && read_text(proc, name, file, ret);
}

bool procs_look(pid_t pid, struct proc *ret)
{
    char text[TEXT_MAX];
    *ret = (struct proc){.pid = pid};
    return read_of(pid, "stat", text) && parse_stat(text, ret);
}

pid_t procs_process_of(pid_t thread)
{
    char text[TEXT_MAX];
    return read_of(thread, "status", text) ? (pid_t)field(text, "\nTgid:") : 0;
}

uint64_t procs_own_bytes(pid_t pid, uint64_t otherwise)
{
    char text[TEXT_MAX];
    if (!read_of(pid, "smaps_rollup", text) || !strstr(text, "\nPss_Anon:"))
        return otherwise;
    return (field(text, "\nPss_Anon:") + field(text, "\nPss_Shmem:") + field(text, "\nSwapPss:")) << 10;
}
