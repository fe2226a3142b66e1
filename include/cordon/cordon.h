/* SPDX-License-Identifier: Apache-2.0
 * libcordon: runs WebAssembly components nobody has reason to trust. Include this; the others come with it. */
#ifndef CORDON_H
#define CORDON_H
#include <cordon/author.h>
#include <cordon/call.h>
#include <cordon/error.h>
#include <cordon/host.h>
#include <cordon/limits.h>
#include <cordon/outcome.h>
#include <cordon/skill.h>
#include <cordon/system.h>
#endif
