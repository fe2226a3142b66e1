/* SPDX-License-Identifier: Apache-2.0
 * Owners that release what they hold when they leave scope. */
#pragma once
#include <cordon/cordon.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define cleanup(fn) __attribute__((cleanup(fn)))

static inline void cleanup_free_p(void *p) { free(*(void **)p); }
static inline void cleanup_text_p(char **p) { cordon_free(*p); }
static inline void cleanup_fd_p(int *fd) { if (*fd >= 0) close(*fd); }
static inline void cleanup_error_p(cordon_error **p) { cordon_error_free(*p); }
static inline void cleanup_outcome_p(cordon_outcome **p) { cordon_outcome_free(*p); }
static inline void cleanup_request_p(cordon_request **p) { cordon_request_free(*p); }
static inline void cleanup_opts_p(cordon_host_opts **p) { cordon_host_opts_free(*p); }
static inline void cleanup_json_p(json_t **p) { json_decref(*p); }

#define cleanup_free cleanup(cleanup_free_p)
#define cleanup_text cleanup(cleanup_text_p) /* what the library gave as char ** */
#define cleanup_fd cleanup(cleanup_fd_p)
#define cleanup_error cleanup(cleanup_error_p)
#define cleanup_outcome cleanup(cleanup_outcome_p)
#define cleanup_request cleanup(cleanup_request_p)
#define cleanup_opts cleanup(cleanup_opts_p)
#define cleanup_json cleanup(cleanup_json_p)

/* The value of an owning pointer, which is left NULL. */
#define take(p) ({ __typeof__(p) take_ = (p); (p) = NULL; take_; })
