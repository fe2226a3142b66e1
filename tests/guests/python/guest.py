# SPDX-License-Identifier: Apache-2.0
"""The guest in Python. An input is a verb and its argument; Err is the skill's own error."""

import encodings.idna  # noqa: F401: what a host name needs; at run time there is no file to import it from
import os
import random
import socket
import sys
import time

import wit_world
from componentize_py_types import Err
from wit_world.imports import host


def upper(text):
    host.log("info", f"upper of {len(text)}")
    return text.upper()


def context(_):
    found = host.get_context()
    return f"{found.skill_name} {len(found.invocation_id)}"


def fail(text):
    raise Err(text)


def panic(text):
    raise RuntimeError(text)


def say(text):
    print(text, file=sys.stderr)
    return "said"


def read(path):
    try:
        with open(path) as file:
            return file.read()
    except OSError as why:
        return type(why).__name__


def write(path):
    try:
        with open(path, "w") as file:
            file.write("x")
    except OSError as why:
        return type(why).__name__
    return "written"


def listing(path):
    try:
        return str(len(os.listdir(path)))
    except OSError as why:
        return type(why).__name__


def connect(name):
    try:
        socket.create_connection((name, 80), timeout=1)
    except OSError as why:
        return type(why).__name__
    return "connected"


def spin(_):
    while True:
        pass


def hog(_):
    kept = []
    while True:
        kept.append(bytearray(1 << 20))


def deep(_):
    return str(deep(_))


VERBS = {
    "echo": lambda text: text,
    "upper": upper,
    "context": context,
    "fetch": lambda url: host.http_get(url),
    "fail": fail,
    "panic": panic,
    "say": say,
    "read": read,
    "write": write,
    "list": listing,
    "connect": connect,
    "env": lambda _: str(len(os.environ)),
    "clock": lambda _: str(time.time()),
    "random": lambda _: str(random.SystemRandom().random()),
    "spin": spin,
    "hog": hog,
    "deep": deep,
}


class WitWorld(wit_world.WitWorld):
    def get_name(self) -> str:
        return "guest"

    def get_description(self) -> str:
        return "Does what its input says."

    def execute(self, input: str) -> str:
        verb, _, argument = input.partition(" ")
        if verb not in VERBS:
            raise Err(f"no verb {verb}")
        return VERBS[verb](argument)

    def measure(self, text: str) -> wit_world.Report:
        words = [word for word in text.split(" ") if word]
        if not words:
            raise Err("there are no words")
        return wit_world.Report(len(words), max(words, key=len))
