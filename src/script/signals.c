/* SPDX-License-Identifier: Apache-2.0 */
#include "script/signals.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "child/filter.h"
#include "script/procs.h"
#include <errno.h>
#include <linux/seccomp.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/pidfd.h>
#include <sys/socket.h>

/* ---- handing the descriptor over ---- */

int signals_open(struct signals *s, int *ret_child, cordon_error **err)
{
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
        return err_errno(err, errno, "make", "a pair of sockets");
    *s = (struct signals){.channel = pair[0], .asked = -1};
    *ret_child = pair[1];
    return 0;
}

void signals_finish(struct signals *s)
{
    if (s->channel >= 0)
        close(s->channel);
    if (s->asked >= 0)
        close(s->asked);
}

union one_fd {
    struct cmsghdr align;
    char room[CMSG_SPACE(sizeof(int))];
};

static int send_fd(int channel, int fd)
{
    union one_fd room = {0};
    char byte = 0;
    struct iovec v = {&byte, 1};
    struct msghdr m = {.msg_iov = &v, .msg_iovlen = 1, .msg_control = room.room, .msg_controllen = sizeof room.room};
    struct cmsghdr *c = CMSG_FIRSTHDR(&m);
    c->cmsg_level = SOL_SOCKET;
    c->cmsg_type = SCM_RIGHTS;
    c->cmsg_len = CMSG_LEN(sizeof fd);
    memcpy(CMSG_DATA(c), &fd, sizeof fd);
    return sendmsg(channel, &m, MSG_NOSIGNAL) == 1 ? 0 : -1;
}

/* -1: the child has ended, or has not come so far. */
static int receive_fd(int channel)
{
    union one_fd room = {0};
    char byte;
    struct iovec v = {&byte, 1};
    struct msghdr m = {.msg_iov = &v, .msg_iovlen = 1, .msg_control = room.room, .msg_controllen = sizeof room.room};
    if (recvmsg(channel, &m, MSG_CMSG_CLOEXEC | MSG_DONTWAIT) != 1)
        return -1;
    struct cmsghdr *c = CMSG_FIRSTHDR(&m);
    int fd;
    if (!c || c->cmsg_type != SCM_RIGHTS || c->cmsg_len != CMSG_LEN(sizeof fd))
        return -1;
    memcpy(&fd, CMSG_DATA(c), sizeof fd);
    return fd;
}

/* ---- the child's side ---- */

/* A filter by itself: where two apply, the one that asks goes before the one that allows. */
int signals_ask(int channel, cordon_error **err)
{
    cleanup_filter scmp_filter_ctx f = seccomp_init(SCMP_ACT_ALLOW);
    if (!f)
        return err_nomem(err);
    int r = seccomp_rule_add(f, SCMP_ACT_NOTIFY, SCMP_SYS(kill), 0);
    if (!r)
        r = seccomp_rule_add(f, SCMP_ACT_NOTIFY, SCMP_SYS(tgkill), 0);
    if (r || (r = seccomp_load(f)))
        return err_set(err, CORDON_E_KERNEL, NULL, "cannot load the seccomp filter for signals: errno %d", -r);
    cleanup_fd int fd = seccomp_notify_fd(f);
    return fd < 0 || send_fd(channel, fd) < 0 ? err_errno(err, errno, "hand over", "the descriptor for signals") : 0;
}

/* ---- the supervisor's side ---- */

struct pollfd signals_poll(const struct signals *s) { return (struct pollfd){.fd = s->asked >= 0 ? s->asked : s->channel, .events = POLLIN}; }

/* To one process, held while it is looked at: its number may become another's, the descriptor does not. Nothing to a whole group: `timeout` would end the
 * script with it, since it could not make a group of its own. */
static int send_kill(const struct signals *s, int32_t pid, int sig)
{
    struct proc p;
    if (pid <= 0)
        return -EPERM;
    cleanup_fd int fd = pidfd_open(pid, 0);
    if (fd < 0)
        return errno == ESRCH ? -ESRCH : -EPERM;
    if (!procs_look(pid, &p) || p.group != s->group)
        return -EPERM;
    return pidfd_send_signal(fd, sig, NULL, 0) < 0 ? -errno : 0;
}

/* abort, raise: a process to a thread of its own, which the kernel may then do itself, for it waits and cannot become another meanwhile. */
static bool is_to_itself(const struct seccomp_notif *n)
{
    return n->data.nr == SCMP_SYS(tgkill) && (pid_t)(uint32_t)n->data.args[0] == procs_process_of((pid_t)n->pid);
}

static void answer(const struct signals *s, const struct seccomp_notif *n, struct seccomp_notif_resp *r)
{
    r->id = n->id;
    if (is_to_itself(n))
        r->flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
    else
        r->error = n->data.nr == SCMP_SYS(kill) ? send_kill(s, (int32_t)n->data.args[0], (int)n->data.args[1]) : -EPERM;
}

static void take_channel(struct signals *s)
{
    s->asked = receive_fd(s->channel);
    close(s->channel);
    s->channel = -1;
}

void signals_serve(struct signals *s)
{
    struct seccomp_notif *n = NULL;
    struct seccomp_notif_resp *r = NULL;
    struct pollfd p = signals_poll(s);
    if (p.fd < 0 || poll(&p, 1, 0) <= 0)
        return;
    if (s->asked < 0) {
        take_channel(s);
        return;
    }
    if (!(p.revents & POLLIN)) {   /* nobody is left to ask */
        close(s->asked);
        s->asked = -1;
        return;
    }
    if (seccomp_notify_alloc(&n, &r) == 0 && seccomp_notify_receive(s->asked, n) == 0) {
        answer(s, n, r);
        if (seccomp_notify_id_valid(s->asked, n->id) == 0)
            seccomp_notify_respond(s->asked, r);
    }
    seccomp_notify_free(n, r);
}
