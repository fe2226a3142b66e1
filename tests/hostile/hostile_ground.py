# SPDX-License-Identifier: Apache-2.0
"""What must hold of every ending, whatever the guest did, and what the tests of hostile guests are made of."""

import json
import os
import re
from pathlib import Path

HERE = Path(__file__).resolve().parent


IS_SANITIZED = Path(os.environ.get("CORDON_BUILD", "build")).name in ("build-asan", "build-tsan", "build-coverage")
PATIENCE_S = 120 if IS_SANITIZED else 20  # nothing that a guest does holds its host up longer
STATUS = {"ok": 0, "err": 1, "trap": 5, "out-of-fuel": 4, "out-of-memory": 4, "deadline": 4, "output-too-large": 4}
# What a terminal acts on: control characters, C1 too, and what reorders text; and what a person does not see and a model reads.
HARMFUL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\U000e0000-\U000e0fff]")


class Ending:
    """What the command said of a call, or of an artifact that it refused."""

    def __init__(self, done, seconds):
        self.status, self.err, self.seconds = done.status, done.err, seconds
        assert not HARMFUL.search(done.err), done.err
        assert done.out.count(b"\n") == 1 and not re.search(rb"[\x00-\x09\x0b-\x1f]", done.out), done.out[:1000]
        self.json = json.loads(done.out)
        self.outcome, self.output = self.json["outcome"], self.json["output"]
        failure = self.json["error"] or {}
        self.id, self.message, self.trap = failure.get("id"), failure.get("message"), failure.get("trap")
        self.frames = failure.get("backtrace", [])
        self.denials = self.json["denials"]

    def check(self):
        assert self.seconds < PATIENCE_S
        assert self.status not in (70, -6, -11), self.json
        for text in (self.message or "", self.trap or "", *self.frames, *(d["wanted"] for d in self.denials)):
            assert not HARMFUL.search(text) and len(text) < 8192
        assert len(self.frames) <= 64 and len(self.denials) <= 64
        if self.outcome == "not-started":
            assert self.status in (2, 6, 7) and self.id and self.message
        elif self.outcome != "ok" and self.denials:
            assert self.status == 3
        else:
            assert self.status == STATUS[self.outcome]
        return self


# A component around core modules and what else is given: "f" is exported and does nothing.
FINE = '(core module $fine (func (export "f"))) (core instance $f (instantiate $fine)) (func (export "f") (canon lift (core func $f "f")))'


def component(*parts):
    return f"(component {' '.join(parts)} {FINE})"
