# SPDX-License-Identifier: Apache-2.0
"""query: rows of a CSV file that was granted for reading, chosen by conditions, sorted and cut."""

import csv
import io

import wit_world
from cordon_skill import SkillError, log, read, skill
from wit_world import Answer, Condition, Question, Relation

LIMIT_MAX = 1000


def number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def pair(a: str, b: str) -> tuple[float, float] | tuple[str, str]:
    """Both as numbers, if both are."""
    x, y = number(a), number(b)
    return (a, b) if x is None or y is None else (x, y)


def holds(relation: Relation, value: str, wanted: str) -> bool:
    if relation == Relation.CONTAINS:
        return wanted in value
    a, b = pair(value, wanted)
    if relation == Relation.EQUAL:
        return a == b
    if relation == Relation.NOT_EQUAL:
        return a != b
    return a < b if relation == Relation.LESS else a > b


def sort_key(value: str) -> tuple[bool, float, str]:
    """Numbers before texts."""
    n = number(value)
    return (True, 0.0, value) if n is None else (False, n, "")


class Table:
    def __init__(self, name: str, text: str):
        lines = csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""), strict=True)
        try:
            rows = list(lines)
        except csv.Error as why:
            raise SkillError(f"{name}:{lines.line_num}: {why}") from None
        if not rows:
            raise SkillError(f"{name} is empty")
        self.columns, self.rows = rows[0], [row for row in rows[1:] if row]
        self.drop_odd(name)

    def drop_odd(self, name: str):
        whole = [row for row in self.rows if len(row) == len(self.columns)]
        if len(whole) < len(self.rows):
            log.warning("%s: %d rows are left out: they have not one value for each column", name, len(self.rows) - len(whole))
        self.rows = whole

    def column(self, name: str) -> int:
        if name not in self.columns:
            raise SkillError(f"there is no column {name}, but {', '.join(self.columns)}")
        return self.columns.index(name)

    def choose(self, conditions: list[Condition]):
        tests = [(self.column(one.column), one.relation, one.value) for one in conditions]
        self.rows = [row for row in self.rows if all(holds(relation, row[at], value) for at, relation, value in tests)]

    def sort(self, name: str, descending: bool):
        at = self.column(name)
        self.rows.sort(key=lambda row: sort_key(row[at]), reverse=descending)


@skill
class WitWorld(wit_world.WitWorld):
    def query(self, question: Question) -> Answer:
        if not 1 <= question.limit <= LIMIT_MAX:
            raise SkillError(f"limit is from 1 to {LIMIT_MAX}")
        table = Table(question.file, read(question.file))
        wanted = [table.column(name) for name in question.columns or table.columns]
        table.choose(question.conditions)
        if question.sort_by is not None:
            table.sort(question.sort_by, question.descending)
        log.info("%d rows found in %s", len(table.rows), question.file)
        rows = [[row[at] for at in wanted] for row in table.rows[: question.limit]]
        return Answer([table.columns[at] for at in wanted], rows, len(table.rows))
