# SPDX-License-Identifier: Apache-2.0
"""Why something was not done (Error), and how a call ended that did not end well (OutcomeError and what is beneath it)."""

from __future__ import annotations

import typing

if typing.TYPE_CHECKING:
    from ._outcome import Outcome


class Error(Exception):
    """What kept something from being done: a skill from being loaded, a call from being started.

    `id` is stable ("bad-args") and listed in docs/reference.md. `hint` says what to do next; `subject` is the thing it happened to, or
    None; `causes` lie beneath the message, nearest first.
    """

    def __init__(self, *, id: str, category: str, message: str, hint: str, subject: str | None = None, causes: tuple[str, ...] = (),
                 exit_code: int = 2) -> None:
        super().__init__(message)
        self.id = id
        self.category = category
        self.message = message
        self.hint = hint
        self.subject = subject
        self.causes = causes
        self.exit_code = exit_code

    def __reduce__(self) -> tuple:
        return _error, (self.__dict__,)


def _error(fields: dict) -> Error:
    return Error(**fields)


class FunctionError(Exception):
    """What a host function raises to answer with an err. Its text reaches the guest."""


class OutcomeError(Exception):
    """A call that was started and did not end well. `outcome` is all there is to know about it."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(outcome.error.message if outcome.error else outcome.outcome)
        self.outcome = outcome

    def __reduce__(self) -> tuple:
        return type(self), (self.outcome,)


class SkillError(OutcomeError):
    """The skill returned an error of its own; `value` is that."""

    @property
    def value(self) -> typing.Any:
        return self.outcome.error.value if self.outcome.error else None


class Trap(OutcomeError):
    """It did what WebAssembly stops."""


class LimitError(OutcomeError):
    """It hit a limit."""


class OutOfFuel(LimitError):
    """It used up its fuel."""


class OutOfMemory(LimitError):
    """It was refused memory, and did not go on without."""


class DeadlineExceeded(LimitError):
    """Its time was over."""


class OutputTooLarge(LimitError):
    """Its answer, or what its host calls carried, was above the limit."""


class Cancelled(OutcomeError):
    """Somebody cancelled it."""


class HostBug(OutcomeError):
    """Cordon itself failed in a way that must not happen."""


# By the names of the library; a test compares them with its table.
BY_OUTCOME: dict[str, type[OutcomeError]] = {
    "err": SkillError,
    "trap": Trap,
    "out-of-fuel": OutOfFuel,
    "out-of-memory": OutOfMemory,
    "deadline": DeadlineExceeded,
    "cancelled": Cancelled,
    "output-too-large": OutputTooLarge,
    "host-bug": HostBug,
}
