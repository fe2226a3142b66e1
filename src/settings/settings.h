/* SPDX-License-Identifier: Apache-2.0
 *
 * Settings files: where they lie, how they are read, what their text means, and what two of them together put in force. The system's file sets the frame;
 * where it sets something, the user's file only narrows it.
 *
 * This room makes no decision about a call: the composing room puts the result into the options of a host. force.c, parse.c and rows.c are pure.
 */
#pragma once
#include "policy/address.h"
#include <cordon/error.h>
#include <cordon/limits.h>
#include <stdbool.h>
#include <stdint.h>

enum {
    SETTINGS_FILE_MAX = 256 << 10, SETTINGS_VALUE_TEXT = 32, SETTINGS_RANGES_MAX = 64, SETTINGS_PROXY_MAX = 300, SETTINGS_PATH_MAX = 4095,
    SETTINGS_RANGES_TEXT = SETTINGS_RANGES_MAX * (ADDRESS_RANGE_TEXT + 2), SETTINGS_HELPERS_MAX = 8, SETTINGS_HELPER_MAX = 64,
    SETTINGS_HELPERS_TEXT = SETTINGS_HELPERS_MAX * (SETTINGS_HELPER_MAX + 2),
};
#define SETTINGS_SYSTEM_FILE "/etc/cordon/config.toml"

#define SETTINGS_FOREVER UINT64_MAX /* of what is kept: without a bound */

enum settings_from { SETTINGS_UNSET, SETTINGS_SHIPPED, SETTINGS_SYSTEM, SETTINGS_USER, SETTINGS_FROM_COUNT };

struct setting {
    uint64_t value;
    enum settings_from from;
    unsigned line, column;    /* of the value in the file; 0 if it is from none */
};

/* For each of them the smaller value is the narrower one: flags 0 or 1, highest_tier an enum cordon_tier, sizes in bytes, times in seconds; what scripts can do without: 0, they
 * cannot, or 1. Of what is kept the larger one is: a user's file does not shorten what the system's keeps. */
enum settings_key {
    SETTINGS_FLAGS,
    SETTINGS_HIGHEST_TIER,
    SETTINGS_CACHE_MAX,
    SETTINGS_COMPILE_MEMORY,
    SETTINGS_COMPILE_CPU,
    SETTINGS_COMPILE_WALL,
    SETTINGS_SCRIPTS_LANDLOCK,
    SETTINGS_SCRIPTS_ROOT,
    SETTINGS_AUDIT_KEEP,
    SETTINGS_AUDIT_ROWS,
    SETTINGS_KEY_COUNT
};

/* [egress]. Each has a place; the value of it counts: ranges, or 1 where there is a text. */
struct settings_egress {
    struct setting allow_private, proxy, ca_file;
    struct address_range range[SETTINGS_RANGES_MAX];
    char proxy_url[SETTINGS_PROXY_MAX + 1], ca_path[SETTINGS_PATH_MAX + 1];
};

/* [install]. Names of credential helpers that may be started for a registry: "pass" for docker-credential-pass. */
struct settings_install {
    struct setting credential_helpers; /* how many */
    char helper[SETTINGS_HELPERS_MAX][SETTINGS_HELPER_MAX + 1];
};

struct settings {
    struct setting key[SETTINGS_KEY_COUNT];
    struct setting by_default[CORDON_TIER_COUNT][CORDON_LIMIT_COUNT], ceiling[CORDON_TIER_COUNT][CORDON_LIMIT_COUNT];
    struct settings_egress egress;
    struct settings_install install;
};

/* ---- file.c ---- */
/* The user's file: `given`, else config.toml in $CORDON_HOME, else in $XDG_CONFIG_HOME/cordon, else in ~/.config/cordon. The caller frees; NULL if there is no such place.
 * UNSAFE_PATH for a CORDON_HOME that is not absolute: nothing is taken from the working directory unasked. */
int settings_find(const char *given, char **ret, cordon_error **err);
/* 1: read, the caller frees *ret (NUL behind it); 0: there is no such file. UNSAFE_PATH unless it is regular, root's (or, of the user's file, ours), and nobody else can write or
 * replace it; BAD_CONFIG above SETTINGS_FILE_MAX. */
int settings_read(const char *path, enum settings_from from, char **ret, size_t *ret_len, cordon_error **err);

/* ---- parse.c ---- */
/* What the text sets; all else is SETTINGS_UNSET. `file` is for messages. BAD_CONFIG names file, line, column, key and what is expected. */
int settings_parse(const char *file, enum settings_from from, const char *text, size_t len, struct settings *ret, cordon_error **err);

/* ---- force.c ---- */
/* What is in force without any file. */
void settings_shipped(struct settings *ret);
/* Both files together, either may be without any setting; every value of *ret is set. `files` (by enum settings_from) are their names, for messages: a default above a ceiling
 * that no file raised is BAD_CONFIG; one above what the system's file allows is cut. */
int settings_in_force(const struct settings *system, const struct settings *user, const char *const files[SETTINGS_FROM_COUNT], struct settings *ret, cordon_error **err);

/* ---- egress.c ---- */
/* Each takes what `text` says, from `place`; a value of `place` is not looked at. NULL, or a static phrase that says what is wrong. */
const char *settings_add_private(struct settings_egress *e, const char *text, const struct setting *place);
const char *settings_set_proxy(struct settings_egress *e, const char *text, const struct setting *place);
const char *settings_set_ca_file(struct settings_egress *e, const char *text, const struct setting *place);
/* The ranges with commas between; "none". */
void settings_write_private(const struct settings_egress *e, char buf[SETTINGS_RANGES_TEXT]);
/* What the two put in force: of the user's ranges those that lie in the system's. */
void settings_force_egress(const struct settings_egress *system, const struct settings_egress *user, struct settings_egress *ret);

/* ---- install.c: as egress.c; of the user's helpers those that the system's has too ---- */
const char *settings_add_helper(struct settings_install *s, const char *text, const struct setting *place);
/* The names with commas between; "none". */
void settings_write_helpers(const struct settings_install *s, char buf[SETTINGS_HELPERS_TEXT]);
void settings_force_install(const struct settings_install *system, const struct settings_install *user, struct settings_install *ret);

/* ---- rows.c ---- */
/* "policy", "flags". NULL outside the enum. */
const char *settings_section(enum settings_key key);
const char *settings_name(enum settings_key key);
/* What a value must be, for messages: "true or false". */
const char *settings_expected(enum settings_key key);
/* Is it written as true or false? */
bool settings_is_switch(enum settings_key key);
/* Is the larger of two values the narrower one? */
bool settings_is_kept(enum settings_key key);
bool settings_fits(enum settings_key key, uint64_t value);
/* 0, or -1 with a static phrase in *ret_why. `text` is a string or number as the file has it. */
int settings_value(enum settings_key key, const char *text, uint64_t *ret, const char **ret_why);
/* As the file would have it, without quotes. */
void settings_write(enum settings_key key, uint64_t value, char buf[SETTINGS_VALUE_TEXT]);
/* The most that a file may set a limit to, far above what is shipped. */
uint64_t settings_limit_max(enum cordon_limit limit);
