# SPDX-License-Identifier: Apache-2.0
"""Skills as their authors have them, for the tests of installing: folders with a manifest and code."""

import ctypes
import ctypes.util
import hashlib
import os
import pty
import select
import shutil
import struct
import time
from pathlib import Path

from conftest import FIXTURES

SECONDS = 60


def code(folder, wat="echo", name="skill.wasm"):
    shutil.copy(FIXTURES / f"{wat}.wat", Path(folder) / name)


def toml_skill(folder, name="weather", version="1.0.0", description="Says the weather", capabilities="", extra="", wat="echo"):
    """A skill.toml with a component beside it."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "skill.toml").write_text(
        f'[skill]\nname = "{name}"\nversion = "{version}"\ndescription = "{description}"\n{extra}\n[capabilities]\n{capabilities}\n')
    if wat:
        code(folder, wat)
    return folder


def md_skill(folder, name="haiku", version="1.0.0", description="Writes a haiku", kind="tool", meta="", body="Write a haiku.", wat=None):
    """A SKILL.md, with a component beside it if `wat` names one."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "SKILL.md").write_text(
        f"---\nname: {name}\ndescription: {description}\nmetadata:\n  version: {version}\n  skill-type: {kind}\n{meta}---\n{body}\n")
    if wat:
        code(folder, wat)
    return folder


def asks(plan):
    return [ask["grant"] for ask in plan["asks"]]


class Terminal:
    """The command on a terminal of its own, which a person types into."""

    def __init__(self, cordon, *words, env=None):
        self.shown = ""
        self.child, self.terminal = pty.fork()
        if self.child == 0:
            os.execve(cordon.path, [cordon.path, *map(str, words)], {**cordon.env, **(env or {})})

    def read(self, seconds):
        if not select.select([self.terminal], [], [], seconds)[0]:
            return False
        try:
            data = os.read(self.terminal, 65536)
        except OSError:
            return False
        self.shown += data.decode(errors="replace").replace("\r\n", "\n")
        return bool(data)

    def until(self, text):
        end = time.monotonic() + SECONDS
        while text not in self.shown:
            assert time.monotonic() < end and self.read(end - time.monotonic()), self.shown
        return self

    def type(self, text):
        os.write(self.terminal, text.encode())
        return self

    def end(self):
        while self.read(SECONDS):
            pass
        status = os.waitstatus_to_exitcode(os.waitpid(self.child, 0)[1])
        os.close(self.terminal)
        return status


# ---- signing, as a publisher's own tools would: written from the format's description, not from our code ----

SODIUM = ctypes.CDLL(ctypes.util.find_library("sodium") or "libsodium.so.23")


class Publisher:
    def __init__(self, seed):
        self.public, self.secret = ctypes.create_string_buffer(32), ctypes.create_string_buffer(64)
        SODIUM.crypto_sign_seed_keypair(self.public, self.secret, hashlib.sha256(seed.encode()).digest())
        self.id = self.public.raw.hex()

    def signature(self, message):
        signature = ctypes.create_string_buffer(64)
        SODIUM.crypto_sign_detached(signature, None, message, ctypes.c_ulonglong(len(message)), self.secret)
        return signature.raw.hex()

    def sign(self, folder, name, version):
        """Signs all that is in the folder."""
        digest = bundle_digest(folder)
        message = b"\0".join([b"cordon-bundle-v1", name.encode(), version.encode(), digest])
        (Path(folder) / "cordon.sig").write_text(f"publisher_id={self.id}\nbundle_digest={digest.hex()}\nsignature={self.signature(message)}\n")
        return folder

    def sign_code(self, path):
        """The detached form beside the code."""
        data = Path(path).read_bytes()
        digest = hashlib.sha256(data).hexdigest()
        Path(f"{path}.sig").write_text(f"publisher_id={self.id}\ncontent_hash={digest}\nsignature={self.signature(data)}\n")


def bundle_digest(folder):
    whole = hashlib.sha256()
    for path in sorted((p for p in Path(folder).rglob("*") if p.is_file()), key=lambda p: str(p.relative_to(folder)).encode()):
        name = str(path.relative_to(folder)).encode()
        if name == b"cordon.sig":
            continue
        data = path.read_bytes()
        mode = 0o755 if path.stat().st_mode & 0o100 else 0o644
        whole.update(struct.pack(">I", len(name)) + name + struct.pack(">IQ", mode, len(data)) + hashlib.sha256(data).digest())
    return whole.digest()
