/* SPDX-License-Identifier: Apache-2.0
 * Component.toml. */
#include "manifest_check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_manifest(MANIFEST_COMPONENT_TOML, data, size);
    return 0;
}
