/* SPDX-License-Identifier: Apache-2.0
 * What the three targets of manifests share. */
#pragma once
#include "fuzz.h"

#include "manifest/manifest.h"

/* Reads it, and holds what came of it against what manifest.h promises. */
void fuzz_manifest(enum manifest_format f, const uint8_t *data, size_t size);
