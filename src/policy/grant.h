/* SPDX-License-Identifier: Apache-2.0
 *
 * Grants: what an operator lets a skill do, and what a manifest asks for. The text is parsed here, once, into a struct; everything else
 * decides on the struct. Pure: no file, no network, no clock.
 *
 *   net=[METHODS:][SCHEME://][.|*.]HOST[:PORT][/PREFIX]    METHODS: GET,HEAD,…  SCHEME: http or https
 *   bearer=SECRET@HOST[:PORT]      header=NAME:SECRET@HOST[:PORT]
 *   read=PATH[::GUEST]   write=PATH[::GUEST]   rw=PATH[::GUEST]
 *   env=NAME   secret=NAME   memory[=BOT]   call=NAME   exec
 *
 * What a manifest asks for may leave its scope to the operator (`any`):  net   net=METHODS:*   read   write   rw   env   secret
 *
 * What net means where something is left out:
 *   HOST            https on 443; HOST:443 is the same
 *   HOST:PORT       that port, http or https
 *   SCHEME://HOST   the scheme's own port
 *   /PREFIX         needs SCHEME://; compared by segment
 * A literal address or localhost always has its port written out, so that nobody opens one of this machine's own services by a bare name.
 */
#pragma once
#include "base/buf.h"
#include "policy/host.h"
#include <cordon/error.h>
#include <stdbool.h>
#include <stdint.h>

enum { GRANT_TEXT_MAX = 8192, GRANT_PATH_MAX = 4095, GRANT_PREFIX_MAX = 1024, GRANT_NAME_MAX = 128 };

enum grant_kind {
    GRANT_NET,
    GRANT_BEARER, /* `Authorization: Bearer <secret>` added by the gateway */
    GRANT_HEADER, /* a header of another name */
    GRANT_FILES,
    GRANT_ENV,
    GRANT_SECRET,
    GRANT_MEMORY,
    GRANT_CALL, /* functions that the embedding program offers under that capability */
    GRANT_EXEC,
};

enum net_scheme { NET_HTTP = 1, NET_HTTPS = 2 };
enum net_method {
    NET_GET = 1, NET_HEAD = 2, NET_POST = 4, NET_PUT = 8, NET_PATCH = 16, NET_DELETE = 32, NET_OPTIONS = 64,
    NET_ANY_METHOD = 127,
};
/* In capitals; 0 or NULL for any other. */
unsigned net_method_find(const char *name, size_t len);
const char *net_method_name(enum net_method method);

enum net_span {
    NET_HOST_ONLY,
    NET_HOST_AND_BENEATH, /* .HOST */
    NET_BENEATH_ONLY,     /* *.HOST */
};
enum file_access { FILE_READ = 1, FILE_WRITE = 2 };

struct net_scope {
    unsigned methods; /* set of enum net_method */
    unsigned schemes; /* set of enum net_scheme */
    enum net_span span;
    struct host host;
    uint16_t port;
    char *prefix; /* owned; "/v1", canonical, no slash at its end; NULL: every path */
};

struct grant {
    enum grant_kind kind;
    struct net_scope net; /* NET, BEARER, HEADER */
    /* ENV, SECRET, CALL: the name; HEADER: the header, lower-case; MEMORY: the bot's slug, empty for whichever bot calls. */
    char name[GRANT_NAME_MAX + 1];
    char secret[GRANT_NAME_MAX + 1]; /* BEARER, HEADER: name of the secret */
    unsigned access; /* FILES: set of enum file_access */
    char *path;      /* owned: FILES: host path, absolute, no dot segments; NULL in what a manifest asks for */
    char *guest;     /* owned: FILES: path as the guest sees it, absolute, no dot segments; NULL with `any` */
    uint64_t dev, ino; /* FILES: which folder was meant, so that another in its place is not taken for it; ino 0: whichever lies there */
    bool any;        /* in what is asked only: whatever scope of that kind the operator chooses; NET keeps its methods, FILES its access */
};

/* Where a grant's text comes from. */
struct grant_source {
    bool asked;       /* a manifest asks: PATH is the guest's, without `::` */
    const char *cwd;  /* what a relative PATH starts from; NULL: relative paths are refused */
    const char *home; /* what ~ means; NULL: ~ is refused */
};

/* `source` NULL: a settings file or the registry, where paths are whole. An error is CORDON_E_USAGE with the grant as subject and the
 * part that is wrong in the message; *ret is then untouched. */
int grant_parse(const char *text, const struct grant_source *source, struct grant *ret, cordon_error **err);
void grant_finish(struct grant *g);
/* False without memory; *ret is then empty. */
bool grant_copy(const struct grant *g, struct grant *ret);
/* Appends the canonical text: parsed again it gives the same grant. Not quoted for a shell. */
int grant_print(struct buf *b, const struct grant *g);
/* Why no secret can have that name: a static phrase; NULL if one can. */
const char *grant_why_no_secret(const char *s, size_t len);

enum ask_kind {
    ASK_NET,        /* may this request go out? */
    ASK_CREDENTIAL, /* may this grant's secret be added to a request to this origin? */
    ASK_READ, ASK_WRITE,
    ASK_ENV, ASK_SECRET, ASK_MEMORY, ASK_CALL, ASK_EXEC,
};

/* What a guest wants to do now. Strings are borrowed. What is not in canonical form is denied. */
struct ask {
    enum ask_kind kind;
    enum net_method method; /* NET: one of them */
    enum net_scheme scheme; /* NET, CREDENTIAL: one of them */
    const char *host;       /* NET, CREDENTIAL: lower-case; a literal address as inet_ntop(3) writes it, without brackets */
    uint16_t port;
    const char *path; /* NET: path of the URL, dot segments removed, without query; READ, WRITE: guest path, absolute */
    const char *name; /* ENV, SECRET, CALL: the name; MEMORY: slug of the bot that the call is for */
};

bool grant_allows(const struct grant *g, const struct ask *a);

/* Do they read the same? */
bool grant_is_same(const struct grant *a, const struct grant *b);
/* Could `grant` ever be used where `asked` is all that is asked for? Of files the whole grant must lie in what is asked. A credential answers who asks for requests to its
 * host: it is the operator's to add one. */
bool grant_answers(const struct grant *asked, const struct grant *grant);
/* Appends one line in plain words, for a grant or an ask: "reach https://x.com", "read files beneath /data". */
int grant_words(struct buf *b, const struct grant *g);
/* Is it of the kind that an operator gives by name alone, and not by a yes to everything that is asked? */
bool grant_wants_own_word(const struct grant *g);

/* Appends the grant that would have allowed what was denied (as an outcome names both); false: there is none to suggest. */
bool grant_suggest(struct buf *b, const char *capability, const char *wanted);
