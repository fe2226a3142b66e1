/* SPDX-License-Identifier: Apache-2.0
 *
 * Versions (semver.org) and requirements of them as cargo understands these: "^1.2", "1.2" (the same), "~1.2.3", ">=1, <3", "=1.0.0", "1.*", "*" (engine/src/semver.rs).
 * A pre-release satisfies only a requirement that names one of the same version.
 */
#pragma once

/* -1, 0, 1: `a` is before, equal to, after `b`; what follows a `+` does not count. -2: one of them is no version. */
int shim_semver_compare(const char *a, const char *b);
/* 1: it does; 0: it does not; -1: one of them cannot be read. */
int shim_semver_satisfies(const char *version, const char *requirement);
/* Is there any version that satisfies both? As above. */
int shim_semver_meet(const char *a, const char *b);
