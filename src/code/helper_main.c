/* SPDX-License-Identifier: Apache-2.0
 * libexec/cordon-helper. Ends without exit handlers: locked in, there is nothing left that they could do. */
#include <cordon/system.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    _exit(cordon_helper_main(argc, argv));
}
