/* SPDX-License-Identifier: Apache-2.0
 *
 * Local scripts: scripts/run.sh or scripts/run.py of a skill's folder, run as a child of a supervisor, confined by Landlock, seccomp and resource limits, and
 * ended whole. Who may run one is not decided here.
 *
 * Three processes: the host calls script_run; cordon-supervisor (supervise.c), started for each run, holds the clock and sees to it that nothing is left; the
 * script and what it starts are one process group that nothing can leave.
 */
#pragma once
#include "base/buf.h"
#include <cordon/error.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum {
    SCRIPT_ROOTS_MAX = 64,
    SCRIPT_ENV_MAX = 256,              /* variables */
    SCRIPT_STRINGS_MAX = 1 << 20,      /* bytes of all paths and variables together */
    SCRIPT_INPUT_MAX = 256 << 20,
};

/* ---- find.c ---- */
enum script_kind { SCRIPT_BASH, SCRIPT_PYTHON };

/* A folder or file by its real path, and what was there when it was looked at: another one at the same path is refused. */
struct script_place {
    char *path;   /* owned, absolute */
    dev_t dev;
    ino_t ino;
};

struct script {
    enum script_kind kind;
    struct script_place folder;
    char *path;               /* owned: FOLDER/scripts/run.sh or run.py */
    const char *interpreter;  /* static, absolute */
};

/* NOT_FOUND: there is no such folder, or no script in it. BAD_ARTIFACT: what is there is no regular file (a link, a FIFO). MISSING_TOOL: its interpreter is not
 * installed. */
int script_find(const char *folder, struct script *ret, cordon_error **err);
void script_finish(struct script *s);

/* ---- run.c ---- */
/* All above zero. */
struct script_limits {
    uint64_t wall_ms;
    uint64_t memory_bytes;    /* of all its processes together, looked at several times a second; each by itself can never have more data */
    uint64_t output_bytes;    /* more ends it */
    uint64_t stderr_bytes;    /* more is dropped */
    uint64_t file_bytes;      /* the largest file it may write */
    unsigned cpu_s;           /* each of its processes */
    unsigned processes;       /* processes and threads at once */
    unsigned files;           /* open descriptors of each process */
    uint64_t address_bytes;   /* of each process; 0: somewhat more than memory_bytes. Runtimes that compile reserve much more than they use */
};

/* A granted folder (or file), `access` a set of enum file_access. */
struct script_root {
    struct script_place at;
    unsigned access;
    unsigned also;            /* a set of enum landlock_may, beyond `access` */
};

struct script_options {
    const char *supervisor;           /* its path, absolute */
    const void *input;
    size_t input_len;
    struct script_limits limits;
    const struct script_root *roots;
    size_t n_roots;
    const char *const *env;           /* "NAME=VALUE", on top of the fixed ones */
    size_t n_env;
    bool as_root;                     /* may run as root */
    bool without_landlock;            /* may run where the kernel has no Landlock */
    bool unpacks;                     /* told yes when it sets mode or time of an open file, and nothing is done: for tools that unpack and copy, and fail otherwise */
    int landlock_abi;                 /* -1: what the kernel has; less, to see what an older one would do */
    int cancel_fd;                    /* readable or hung up: the call is cancelled; -1: none */
    bool (*is_over)(void *data);      /* asked twice a second: has it done more than it may? NULL: it is not asked */
    void *is_over_data;
};

enum script_end {
    SCRIPT_EXITED,            /* status */
    SCRIPT_SIGNALLED,         /* status: the signal */
    SCRIPT_DEADLINE,
    SCRIPT_CANCELLED,
    SCRIPT_OUT_OF_MEMORY,
    SCRIPT_OUT_OF_PROCESSES,
    SCRIPT_OUTPUT_TOO_LARGE,
    SCRIPT_OVER,              /* options.is_over said so */
    SCRIPT_LOST,              /* the supervisor was ended from outside, and the script with it */
};

struct script_result {
    enum script_end end;
    int status;
    struct buf output, said;          /* stdout; stderr, cut at its limit */
    uint64_t said_dropped;            /* bytes of stderr that were */
    uint64_t wall_us, cpu_us, memory_peak_bytes;
};

/* May a script run as this user and on this kernel? NOT_GRANTED (as root), KERNEL (no Landlock, no seccomp). */
int script_check_machine(bool as_root, bool without_landlock, int abi, cordon_error **err);
/* Runs it to its end; nothing of it is left then. Blocks. Errors: it was not started. NOT_GRANTED (as root), KERNEL (no Landlock, no seccomp), NOT_FOUND (a
 * folder is not what it was), TOO_LARGE, NO_RESOURCES, IO. */
int script_run(const struct script *s, const struct script_options *o, struct script_result *ret, cordon_error **err);
void script_result_finish(struct script_result *r);
/* The path of the supervisor, as of child_find. */
int script_find_supervisor(const char *given, char **ret, cordon_error **err);

/* ---- supervise.c ---- */
/* main() of cordon-supervisor. */
int script_supervise(int argc, char **argv);
