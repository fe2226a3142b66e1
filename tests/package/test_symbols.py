# SPDX-License-Identifier: Apache-2.0
"""What libcordon shows to the programs that link it: the public interface and nothing else."""

import os
import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LIBRARY = Path(os.environ["CORDON_BUILD"], "src/libcordon.so.0")


def exported():
    lines = subprocess.run(["nm", "-D", "--defined-only", LIBRARY], check=True, capture_output=True, text=True).stdout.splitlines()
    names = {line.split()[-1].split("@")[0] for line in lines}
    return names - {"CORDON_0"}


def declared():
    text = "".join(path.read_text() for path in (ROOT / "include/cordon").glob("*.h"))
    text = re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)
    return set(re.findall(r"CORDON_API\b[^;(]*?\b(cordon_\w+)\s*\(", text))


def test_every_declared_function_is_exported():
    assert declared() - exported() == set()


def test_nothing_but_declared_functions_is_exported():
    assert exported() - declared() == set()
