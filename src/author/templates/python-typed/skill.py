"""forecast: the weather of the next days. It comes from /data/CITY.txt, where each line is a day: LOW HIGH SKY."""

import re

import wit_world
from cordon_skill import SkillError, read, skill
from wit_world import Day, Report

DAYS_MAX = 14
CITY = re.compile("[A-Za-z0-9-]{1,64}")  # what is done here is done once, when it is built


def day_of(line: str) -> Day:
    low, high, sky = line.split(maxsplit=2)
    return Day(int(low), int(high), sky)


@skill
class WitWorld(wit_world.WitWorld):
    """The world of wit/: one method for each of its functions."""

    def forecast(self, city: str, days: int) -> Report:
        # It goes into a path. The sandbox would stop `../x`, too; this says why.
        if not CITY.fullmatch(city):
            raise SkillError("a city is a name of letters, digits and hyphens")
        if not 1 <= days <= DAYS_MAX:
            raise SkillError(f"days is from 1 to {DAYS_MAX}")
        # The one thing that this skill wants of the outside: without a grant it is denied, and the denial is its error.
        lines = read(f"/data/{city}.txt").splitlines()
        try:
            return Report(city, [day_of(line) for line in lines[:days]])
        except ValueError:
            raise SkillError("the data of that city has a line that is no day") from None
