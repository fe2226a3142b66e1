"""execute: today's weather of the city that the input names. It comes from /data/CITY.txt, whose first line is today."""

import re

import wit_world
from cordon_skill import SkillError, read, skill

CITY = re.compile("[A-Za-z0-9-]{1,64}")  # what is done here is done once, when it is built


@skill
class WitWorld(wit_world.WitWorld):
    def get_name(self) -> str:
        return "@NAME@"

    def get_description(self) -> str:
        return "Tells today's weather of the city that the input names."

    def execute(self, input: str) -> str:
        # It goes into a path. The sandbox would stop `../x`, too; this says why.
        if not CITY.fullmatch(input):
            raise SkillError("a city is a name of letters, digits and hyphens")
        # The one thing that this skill wants of the outside: without a grant it is denied, and the denial is its error.
        return read(f"/data/{input}.txt").partition("\n")[0]
