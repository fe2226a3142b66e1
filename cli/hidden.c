/* SPDX-License-Identifier: Apache-2.0 */
#include "hidden.h"

#include "cleanup.h"
#include "interrupt.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <termios.h>

enum { TERMINAL_LINE = 4095 }; /* what a terminal keeps of a line; the rest is lost without a word */

void hidden_finish(struct hidden *h)
{
    if (!h->bytes)
        return;
    explicit_bzero(h->bytes, h->cap);
    munlock(h->bytes, h->cap);
    free(h->bytes);
    *h = (struct hidden){0};
}

void hidden_chomp(struct hidden *h)
{
    if (h->len && h->bytes[h->len - 1] == '\n')
        h->len--;
}

static int make_room(struct hidden *h, size_t cap, cordon_error **err)
{
    h->bytes = calloc(1, cap);
    if (!h->bytes)
        return cordon_error_set(err, CORDON_E_NO_RESOURCES, NULL, NULL, "out of memory");
    h->cap = cap;
    mlock(h->bytes, cap); /* where the machine allows it */
    return 0;
}

/* One read; what is read stays in `h` alone. 1: there may be more. */
static int read_some(int fd, const char *name, struct hidden *h, cordon_error **err)
{
    ssize_t n = read(fd, h->bytes + h->len, h->cap - h->len);
    if (n < 0 && errno == EINTR && !interrupt_caught())
        return 1;
    if (n < 0)
        return cordon_error_set(err, CORDON_E_IO, name, NULL, "cannot read from %.500s: %s", name, strerror(errno));
    h->len += (size_t)n;
    return n > 0 && h->len < h->cap;
}

static int read_all(int fd, const char *name, size_t max, struct hidden *h, cordon_error **err)
{
    int rc = make_room(h, max + 2, err); /* the newline, and a byte to see that there is more */
    if (rc < 0)
        return rc;
    while ((rc = read_some(fd, name, h, err)) > 0)
        ;
    if (rc == 0 && h->len == h->cap)
        return cordon_error_set(err, CORDON_E_TOO_LARGE, name, NULL, "what %.500s holds is over %zu bytes", name, max);
    return rc;
}

/* Waits until a line is typed. Signals are let in only while it waits: one that comes between a look and the wait would not end it. */
static int wait_for_line(const sigset_t *open, cordon_error **err)
{
    struct pollfd ready = {.fd = STDIN_FILENO, .events = POLLIN};
    while (ppoll(&ready, 1, NULL, open) < 0)
        if (errno != EINTR || interrupt_caught())
            return cordon_error_set(err, CORDON_E_IO, NULL, NULL, "cannot read from the terminal: %s", strerror(errno));
    return 0;
}

static int read_line(struct hidden *h, const sigset_t *open, cordon_error **err)
{
    int rc = make_room(h, TERMINAL_LINE + 1, err);
    if (rc < 0 || (rc = wait_for_line(open, err)) < 0 || (rc = read_some(STDIN_FILENO, "the terminal", h, err)) < 0)
        return rc;
    if (h->len < TERMINAL_LINE)
        return 0;
    return cordon_error_set(err, CORDON_E_TOO_LARGE, NULL, "Put it into a file that is yours alone and give @FILE, or pipe it in.",
                            "a terminal takes no line of %d bytes or more", TERMINAL_LINE);
}

static int ask_muted(const char *what, const struct termios *before, struct hidden *h, const sigset_t *open, cordon_error **err)
{
    struct termios mute = *before;
    mute.c_lflag = (mute.c_lflag & ~(tcflag_t)ECHO) | ECHONL | ICANON | ISIG;
    mute.c_cc[VQUIT] = mute.c_cc[VSUSP] = _POSIX_VDISABLE; /* nothing that is typed ends or stops us while it is mute but ^C */
    if (tcsetattr(STDIN_FILENO, TCSAFLUSH, &mute) < 0)
        return cordon_error_set(err, CORDON_E_IO, NULL, NULL, "cannot silence the terminal: %s", strerror(errno));
    fprintf(stderr, "%s (not shown): ", what);
    int rc = read_line(h, open, err);
    tcsetattr(STDIN_FILENO, TCSAFLUSH, before);
    return rc;
}

/* A signal that ends us is let in when the terminal is as it was. */
static int ask(const char *what, struct hidden *h, cordon_error **err)
{
    struct termios before;
    sigset_t ends, open;
    if (tcgetattr(STDIN_FILENO, &before) < 0)
        return cordon_error_set(err, CORDON_E_IO, NULL, NULL, "cannot speak with the terminal: %s", strerror(errno));
    sigemptyset(&ends);
    sigaddset(&ends, SIGINT);
    sigaddset(&ends, SIGTERM);
    sigprocmask(SIG_BLOCK, &ends, &open);
    interrupt_begin();
    int rc = ask_muted(what, &before, h, &open, err);
    if (interrupt_caught())
        fputc('\n', stderr);
    interrupt_reraise();
    sigprocmask(SIG_SETMASK, &open, NULL);
    return rc;
}

static int read_file(const char *path, size_t max, struct hidden *h, cordon_error **err)
{
    cleanup_fd int fd = open(path, O_RDONLY | O_NOCTTY | O_CLOEXEC);
    if (fd < 0)
        return cordon_error_set(err, CORDON_E_IO, path, NULL, "cannot open %.500s: %s", path, strerror(errno));
    return read_all(fd, path, max, h, err);
}

int hidden_read(const char *word, const char *what, size_t max, struct hidden *ret, cordon_error **err)
{
    if (word && strcmp(word, "-") != 0 && strcmp(word, "@-") != 0)
        return read_file(word + 1, max, ret, err);
    return isatty(STDIN_FILENO) ? ask(what, ret, err) : read_all(STDIN_FILENO, "standard input", max, ret, err);
}
