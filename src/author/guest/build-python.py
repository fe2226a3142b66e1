# SPDX-License-Identifier: Apache-2.0
"""Runs componentize-py in the sandbox of `cordon build`: PACKAGES, where it was fetched to; WIT; PROJECT, with skill.py; OUT.

It is a library, so nothing of the packages needs to be a program. What it says of a failure comes twice, in the words of Python and of what runs Python;
the author is told once.
"""

import os
import sys

packages, wit, project, out = sys.argv[1:]
# Else it asks the machine's own Python for packages, and takes those along.
os.environ["VIRTUAL_ENV"] = os.environ["HOME"] + "/venv"
os.makedirs(os.environ["HOME"] + "/venv/lib/site-packages")
sys.path.insert(0, packages)
try:
    from componentize_py import script
except ImportError as why:
    sys.exit(f"componentize-py of {packages} does not run here: {why}")

STUB = "called trapping stub: "


def words_of(failure):
    first, _, causes = str(failure).partition("\n\nCaused by:")
    if STUB in causes:
        name = causes.partition(STUB)[2].split()[0]
        return f"{first}\n{name} is called while skill.py is imported: that is when it is built, and there is no host then. Call it in a method of WitWorld."
    return first.strip() or causes.strip()


sys.argv = ["componentize-py", "--quiet", "-d", wit, "componentize", "-p", project, "-p", packages, "-o", out, "skill"]
try:
    script()
except BaseException as failure:
    sys.exit(words_of(failure).strip().replace("/0/", ""))
