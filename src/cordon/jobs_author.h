/* SPDX-License-Identifier: Apache-2.0
 * The two jobs of the helper behind cordon_build_run. Their failures are BUILD_FAILED: the source's own fault. */
#pragma once
#include "code/code.h"

/* `in`: WIT files as shim_wit_bindings_c wants them. `meta`: its answer. */
code_job_fn job_bindings;
/* `arg`: a decimal number of bytes; that many of `in` are WIT files, the rest is the core module. 0: the module is a command.
 * `body`: the component; `meta`: {"imports": ["NAME"]}. */
code_job_fn job_componentize;
