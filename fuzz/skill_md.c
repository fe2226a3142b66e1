/* SPDX-License-Identifier: Apache-2.0
 * SKILL.md. */
#include "manifest_check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_manifest(MANIFEST_SKILL_MD, data, size);
    return 0;
}
