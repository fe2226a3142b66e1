/* SPDX-License-Identifier: Apache-2.0
 *
 * A URL, parsed once by libcurl's parser. What is decided on here is read out of the very handle that libcurl then fetches.
 */
#pragma once
#include "libs.h"
#include "policy/grant.h"

struct url {
    CURLU *handle;
    enum net_scheme scheme;
    struct host host;
    uint16_t port;
    char *path; /* dot segments removed, without query */
};

enum { URL_ORIGIN_MAX = HOST_MAX + 32 };

/* http or https, no user name, a host in the one notation that host_parse knows. NULL, or a static phrase that says what is wrong (*ret is then empty). */
const char *url_parse(const struct curl_api *api, const char *text, size_t len, struct url *ret);
/* Where `location`, which a server gave, leads from `from`. As url_parse. */
const char *url_follow(const struct curl_api *api, const struct url *from, const char *location, struct url *ret);
void url_finish(const struct curl_api *api, struct url *u);
bool url_same_origin(const struct url *a, const struct url *b);
/* "https://api.x.com", "http://[::1]:8080": a port is left out only where a grant may leave it out. */
void url_origin(const struct url *u, char buf[URL_ORIGIN_MAX]);
