/* SPDX-License-Identifier: Apache-2.0
 *
 * The echo in C, with the C library's allocator. The input is ours; as the answer it is the caller's. */
#include "echo.h"

bool exports_echo_execute(echo_string_t *input, echo_string_t *ret, echo_string_t *err)
{
    (void)err;
    echo_string_dup_n(ret, (const char *)input->ptr, input->len);
    echo_string_free(input);
    return true;
}
