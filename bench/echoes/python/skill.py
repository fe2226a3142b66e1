# SPDX-License-Identifier: Apache-2.0
import wit_world


class WitWorld(wit_world.WitWorld):
    def get_name(self) -> str:
        return "echo"

    def get_description(self) -> str:
        return "Answers what it is given."

    def execute(self, input: str) -> str:
        return input
