# SPDX-License-Identifier: Apache-2.0
"""Reading the tables of the project's own pages."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def section(page, heading):
    """The text beneath `## heading`, up to the next."""
    text = (ROOT / page).read_text()
    found = re.search(rf"^## {re.escape(heading)}\n(.*?)(?=^## |\Z)", text, re.DOTALL | re.MULTILINE)
    assert found, f"{page} has no section {heading}"
    return found[1]


def tables(text):
    """Each table as a list of rows, each a list of cells; without its heading."""
    found = re.findall(r"(?:^\|.*\|\n?)+", text, re.MULTILINE)
    return [[[cell.strip() for cell in line.strip().strip("|").split("|")] for line in block.splitlines()[2:]] for block in found]


def names(cell):
    """What stands in backquotes."""
    return re.findall(r"`([^`]+)`", cell)
