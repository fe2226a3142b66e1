/* SPDX-License-Identifier: Apache-2.0
 *
 * Only an address of one's own can be bound to, and the kernel knows more of them than the list of interfaces has (routes of the table `local`). Where
 * the kernel is told to let everything be bound (ip_nonlocal_bind), the list has to do.
 */
#include "own.h"
#include "base/cleanup.h"

#include <errno.h>
#include <ifaddrs.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

static socklen_t to_sockaddr(const struct address *a, struct sockaddr_storage *ret)
{
    memset(ret, 0, sizeof *ret);
    ret->ss_family = a->v6 ? AF_INET6 : AF_INET;
    if (a->v6)
        memcpy(&((struct sockaddr_in6 *)ret)->sin6_addr, a->bytes, 16);
    else
        memcpy(&((struct sockaddr_in *)ret)->sin_addr, a->bytes, 4);
    return a->v6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);
}

static bool can_bind(const struct address *a)
{
    struct sockaddr_storage where;
    socklen_t len = to_sockaddr(a, &where);
    cleanup_fd int fd = socket(where.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return errno != EAFNOSUPPORT; /* without IPv6 none of its addresses is anybody's */
    return bind(fd, (struct sockaddr *)&where, len) == 0 || errno != EADDRNOTAVAIL;
}

static bool is_listed(const struct address *a)
{
    struct ifaddrs *list;
    bool found = false;
    if (getifaddrs(&list) < 0)
        return true;
    for (struct ifaddrs *i = list; i && !found; i = i->ifa_next) {
        int family = i->ifa_addr ? i->ifa_addr->sa_family : AF_UNSPEC;
        if (family == AF_INET && !a->v6)
            found = !memcmp(&((struct sockaddr_in *)i->ifa_addr)->sin_addr, a->bytes, 4);
        else if (family == AF_INET6 && a->v6)
            found = !memcmp(&((struct sockaddr_in6 *)i->ifa_addr)->sin6_addr, a->bytes, 16);
    }
    freeifaddrs(list);
    return found;
}

bool own_address(const struct address *a)
{
    struct address nobodys; /* set aside for documentation */
    if (!can_bind(a))
        return false;
    address_parse(a->v6 ? "2001:db8::1" : "192.0.2.1", &nobodys);
    return !can_bind(&nobodys) || is_listed(a);
}
