/* SPDX-License-Identifier: Apache-2.0
 * libexec/cordon-supervisor. */
#include "script/script.h"

int main(int argc, char **argv)
{
    return script_supervise(argc, argv);
}
