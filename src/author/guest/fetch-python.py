# SPDX-License-Identifier: Apache-2.0
"""Runs pip as `cordon build --fetch` needs it: REQUIREMENTS, which Cordon wrote; TARGET.

How a registry is reached is the operator's: pip's settings files and variables hold, as they do for any pip of theirs. What is fetched, and that nothing of it is
run, is said here, and goes before them.
"""

import os
import runpy
import sys

requirements, target = sys.argv[1:]
os.environ["PIP_REQUIRE_VIRTUALENV"] = "false"
sys.argv = [
    "pip", "--disable-pip-version-check", "--no-input", "install", "--quiet", "--require-hashes", "--only-binary=:all:", "--no-deps", "--no-compile", "--no-user",
    "--ignore-installed", "--no-warn-script-location", "--root-user-action=ignore", "--target", target, "--requirement", requirements,
]
runpy.run_module("pip", run_name="__main__", alter_sys=True)
