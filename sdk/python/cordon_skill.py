# SPDX-License-Identifier: Apache-2.0
"""What a skill in Python may ask of its host, as Python has it: files, network, memory, JSON, errors, the log.

`@skill` goes above the class with the functions of the world; the rest are functions to call. Nothing of it works while the skill is
built, when the top level of its modules runs: there is no host yet.
"""

import dataclasses
import functools
import json
import logging

from componentize_py_types import Err
from wit_world.imports import host

__all__ = [
    "DeniedError", "HostError", "SkillError", "context", "env", "get", "get_json", "json_skill", "log", "post", "post_json", "read",
    "read_json", "recall", "secret", "skill", "write", "write_json",
]

_DENIED = "capability denied"
_LEVELS = ((logging.ERROR, "error"), (logging.WARNING, "warn"), (logging.INFO, "info"), (logging.DEBUG, "debug"))


# ---- errors


class SkillError(Exception):
    """The skill's own answer where there is no result: raise SkillError("days is from 1 to 14").

    `value` is a text, or whatever the function's error is in the world.
    """

    def __init__(self, value):
        super().__init__(value)
        self.value = value


class HostError(SkillError):
    """The host could not do it, in its own words."""


class DeniedError(HostError):
    """It was not granted."""


def _ask(function, *arguments):
    try:
        return function(*arguments)
    except Err as why:
        kind = DeniedError if str(why.value).startswith(_DENIED) else HostError
        raise kind(why.value) from None


def _answering(function):
    @functools.wraps(function)
    def answer(*arguments, **named):
        _to_host.called = True
        try:
            return function(*arguments, **named)
        except SkillError as why:
            raise Err(why.value) from None

    return answer


def skill(world):
    """Of a class with functions of the world: what they raise as SkillError is the error of the call. Any other exception is a trap."""
    for name, function in list(vars(world).items()):
        if callable(function) and not name.startswith("_"):
            setattr(world, name, _answering(function))
    return world


# ---- the log


class _ToHost(logging.Handler):
    """Lines of `logging` go into the call's log. While the skill is built there is none, so they go nowhere."""

    called = False

    def emit(self, record):
        if self.called:
            level = next((name for least, name in _LEVELS if record.levelno >= least), "trace")
            host.log(level, self.format(record))


_to_host = _ToHost()
logging.basicConfig(handlers=[_to_host], level=logging.DEBUG, format="%(message)s", force=True)
log = logging.getLogger("skill")


# ---- the host's functions: what was not granted is a DeniedError


def read(path):
    """The text of a file below a granted folder."""
    return _ask(host.read_file, path)


def write(path, text):
    """Makes or replaces a file below a folder that was granted for writing."""
    _ask(host.write_file, path, text)


def get(url):
    """The body of what a granted server answers."""
    return _ask(host.http_get, url)


def post(url, body):
    """The same for a body sent."""
    return _ask(host.http_post, url, body)


def secret(name):
    """A secret, if it was granted by name."""
    return _ask(host.get_secret, name)


def env(name):
    """A variable, if it was granted by name. `os.environ` is empty."""
    return _ask(host.read_env, name)


def recall(query, limit=10):
    """What the bot remembers of it; nothing without a grant."""
    return host.recall_memory(query, limit)


def context():
    """Who calls: bot_name, bot_slug, skill_name, invocation_id."""
    return host.get_context()


# ---- JSON


def _plain(value):
    """Records of the world are dataclasses."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return dataclasses.asdict(value)
    raise TypeError(f"{type(value).__name__} has no form in JSON")


def _parse(text, what):
    try:
        return json.loads(text)
    except ValueError as why:
        raise SkillError(f"{what} is no JSON: {why}") from None


def _print(value):
    return json.dumps(value, ensure_ascii=False, default=_plain)


def read_json(path):
    return _parse(read(path), path)


def write_json(path, value):
    write(path, _print(value))


def get_json(url):
    return _parse(get(url), f"the answer of {url}")


def post_json(url, value):
    return _parse(post(url, _print(value)), f"the answer of {url}")


def json_skill(function):
    """Of `execute`, which then is given the input as JSON says it, and answers with what JSON can say: also records of the world."""

    @functools.wraps(function)
    def execute(self, text):
        return _print(function(self, _parse(text, "the input")))

    return execute
