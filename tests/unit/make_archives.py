# SPDX-License-Identifier: Apache-2.0
"""Archives of every kind that a stranger could send, one file each in the folder that is given: what they are is in their names."""

import gzip
import io
import random
import stat
import struct
import sys
import tarfile
import warnings
import zipfile
from pathlib import Path

OUT = Path(sys.argv[1])
MIB = 1 << 20
warnings.simplefilter("ignore")   # of names that are there twice


def member(name, data=b"1", **fields):
    """A tar entry, with any field changed."""
    info = tarfile.TarInfo(name)
    info.size = len(data)
    info.mode = 0o644
    for field, value in fields.items():
        setattr(info, field, value)
    return info, data


def tar(name, *members, packed=True, format=tarfile.PAX_FORMAT):
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w", format=format) as t:
        for info, data in members:
            t.addfile(info, io.BytesIO(data))
    data = raw.getvalue()
    (OUT / name).write_bytes(gzip.compress(data, 9) if packed else data)
    return data


def zipped(name, *members, method=zipfile.ZIP_DEFLATED):
    with zipfile.ZipFile(OUT / name, "w", method) as z:
        for path, data, mode in members:
            info = zipfile.ZipInfo(path)
            info.external_attr = mode << 16
            info.create_system = 3
            info.compress_type = method
            z.writestr(info, data)


GOOD = member("skill.toml", b"[skill]\n")
FILE = stat.S_IFREG | 0o644
skill = [member("weather/", b"", type=tarfile.DIRTYPE, mode=0o755), member("weather/skill.toml", b"[skill]\n"),
         member("weather/scripts/run.sh", b"#!/bin/sh\n", mode=0o755), member("weather/.DS_Store"), member("__MACOSX/weather/x"),
         member("weather/empty", b"", type=tarfile.DIRTYPE)]

# What is taken.
tar("one-folder.tar.gz", *skill[:4])
tar("one-folder.tar", *skill[:4], packed=False)
tar("no-folder.tar.gz", GOOD, member("scripts/run.sh", b"#!/bin/sh\n", mode=0o755))
tar("dot-slash.tar.gz", member("./", b"", type=tarfile.DIRTYPE), member("./skill.toml", b"[skill]\n"), member("./scripts/run.sh", b"#!/bin/sh\n", mode=0o755))
tar("ustar.tar.gz", *skill[:3], format=tarfile.USTAR_FORMAT)
tar("gnu.tar.gz", *skill[:3], format=tarfile.GNU_FORMAT)
tar("two-folders.tar.gz", member("a/x"), member("b/y"))
tar("unicode.tar.gz", member("café/日本.txt"))
zipped("unicode.zip", ("café/日本.txt", b"1", FILE))
zipped("one-folder.zip", ("weather/", b"", stat.S_IFDIR | 0o755), ("weather/skill.toml", b"[skill]\n", FILE),
       ("weather/scripts/run.sh", b"#!/bin/sh\n", stat.S_IFREG | 0o755), ("__MACOSX/weather/._x", b"1", FILE))
zipped("stored.zip", ("skill.toml", b"[skill]\n", FILE), ("scripts/run.sh", b"#!/bin/sh\n", stat.S_IFREG | 0o755), method=zipfile.ZIP_STORED)

# Ways out.
tar("parent.tar.gz", GOOD, member("../x"))
tar("parent-within.tar.gz", GOOD, member("a/../../x"))
tar("parent-at-end.tar.gz", GOOD, member("a/.."))
tar("absolute.tar.gz", GOOD, member("/tmp/cordon-test-absolute"))
tar("backslash.tar.gz", GOOD, member("..\\x"))
tar("parent-folder.tar.gz", GOOD, member("../x", b"", type=tarfile.DIRTYPE))
zipped("parent.zip", ("skill.toml", b"", FILE), ("../x", b"1", FILE))
zipped("absolute.zip", ("skill.toml", b"", FILE), ("/tmp/cordon-test-absolute", b"1", FILE))
zipped("backslash.zip", ("skill.toml", b"", FILE), ("..\\x", b"1", FILE))
tar("link-out.tar.gz", GOOD, member("x", b"", type=tarfile.SYMTYPE, linkname="/etc/passwd"))
tar("link-in.tar.gz", GOOD, member("x", b"", type=tarfile.SYMTYPE, linkname="skill.toml"))
tar("link-then-through.tar.gz", GOOD, member("x", b"", type=tarfile.SYMTYPE, linkname="/tmp"), member("x/y"))
tar("hard-link.tar.gz", GOOD, member("x", b"", type=tarfile.LNKTYPE, linkname="skill.toml"))
tar("hard-link-out.tar.gz", GOOD, member("x", b"", type=tarfile.LNKTYPE, linkname="/etc/passwd"))
tar("link-left-out.tar.gz", GOOD, member(".x", b"", type=tarfile.SYMTYPE, linkname="/etc/passwd"))
zipped("link.zip", ("skill.toml", b"", FILE), ("x", b"/etc/passwd", stat.S_IFLNK | 0o777))
tar("device.tar.gz", GOOD, member("x", b"", type=tarfile.CHRTYPE, devmajor=1, devminor=3))
tar("block-device.tar.gz", GOOD, member("x", b"", type=tarfile.BLKTYPE))
tar("fifo.tar.gz", GOOD, member("x", b"", type=tarfile.FIFOTYPE))

# Names.
tar("twice.tar.gz", GOOD, member("a", b"1"), member("a", b"2"))
tar("case.tar.gz", GOOD, member("SKILL.toml"))
tar("case-of-folder.tar.gz", GOOD, member("a/x"), member("A/y"))
tar("file-and-folder.tar.gz", GOOD, member("a"), member("a/b"))
tar("dotted-twice.tar.gz", GOOD, member("./skill.toml"))
tar("newline.tar.gz", GOOD, member("a\nb"))
tar("bidi.tar.gz", GOOD, member("a\u202egnp.exe"))
tar("no-name.tar.gz", GOOD, member("a//b"))
tar("long.tar.gz", GOOD, member("a" * 256))
tar("deep.tar.gz", GOOD, member("/".join("a" * 17)))
tar("latin1.tar.gz", GOOD, format=tarfile.USTAR_FORMAT)
raw = bytearray(tar("latin1.tar.gz", member("caf@", b"1"), format=tarfile.USTAR_FORMAT))
raw[3] = 0xE9
raw[148:156] = b" " * 8
raw[148:156] = b"%06o\0 " % sum(raw[:512])
(OUT / "latin1.tar.gz").write_bytes(gzip.compress(bytes(raw)))
with zipfile.ZipFile(OUT / "twice.zip", "w") as z:
    z.writestr("a", b"1")
    z.writestr("a", b"2")
zipped("case.zip", ("a", b"1", FILE), ("A", b"2", FILE))
with zipfile.ZipFile(OUT / "nul.zip", "w") as z:
    z.writestr("a#b", b"1")
(OUT / "nul.zip").write_bytes((OUT / "nul.zip").read_bytes().replace(b"a#b", b"a\0b"))

# Sizes.
tar("bomb.tar.gz", GOOD, member("zeros", bytes(8 * MIB)))
zipped("bomb.zip", ("skill.toml", b"", FILE), ("zeros", bytes(8 * MIB), FILE))
tar("bomb-left-out.tar.gz", GOOD, member(".zeros", bytes(8 * MIB)))
tar("small-but-many-times.tar.gz", GOOD, member("zeros", bytes(MIB - 64)))
block = b"".join(random.Random(i).randbytes(600) + bytes(15784) for i in range(16))   # more than gzip looks back
with gzip.open(OUT / "too-much.tar.gz", "wb", 1) as f:
    with tarfile.open(fileobj=f, mode="w") as t:
        for i in range(9):
            info, _ = member(f"part{i}")
            info.size = 16 * MIB
            t.addfile(info, io.BytesIO(block * 64))
tar("many.tar.gz", *[member(str(i), b"") for i in range(1001)])
tar("many-folders.tar.gz", GOOD, *[member(f"{i}/", b"", type=tarfile.DIRTYPE) for i in range(4100)])

# A file that says it has 64 GiB of holes, and what GNU tar says of one: 1 byte at 1 GiB.
sparse, _ = member("sparse", b"x" * 512)
sparse.pax_headers = {"GNU.sparse.major": "1", "GNU.sparse.minor": "0", "GNU.sparse.name": "holes", "GNU.sparse.realsize": str(1 << 30)}
body = b"1\n%d\n1\n" % ((1 << 30) - 1)
body = body.ljust(512, b"\0") + b"x".ljust(511, b"\0")
sparse.size = len(body)
tar("sparse.tar.gz", GOOD, (sparse, body))
ends, _ = member("ends")
ends.pax_headers = {"GNU.sparse.major": "1", "GNU.sparse.minor": "0", "GNU.sparse.name": "holes", "GNU.sparse.realsize": str(1 << 36)}
body = b"1\n0\n512\n".ljust(512, b"\0") + b"x" * 512
ends.size = len(body)
tar("sparse-end.tar.gz", GOOD, (ends, body))

# Packing.
whole = (OUT / "no-folder.tar.gz").read_bytes()
(OUT / "packed-twice.tar.gz").write_bytes(gzip.compress(whole))
(OUT / "cut.tar.gz").write_bytes(whole[: len(whole) * 2 // 3])
plain = (OUT / "one-folder.tar").read_bytes()
(OUT / "cut.tar").write_bytes(plain[:1100])
stored = (OUT / "stored.zip").read_bytes()
(OUT / "cut.zip").write_bytes(stored[: len(stored) // 2])
(OUT / "changed.zip").write_bytes(stored.replace(b"[skill]\n", b"[skilL]\n"))
flags = bytearray(stored)   # "encrypted" in each local head and in the directory
for signature, at in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
    found = flags.find(signature)
    while found >= 0:
        flags[found + at] |= 1
        found = flags.find(signature, found + 1)
(OUT / "encrypted.zip").write_bytes(flags)
sizes = bytearray(stored)   # the directory says that a file has more bytes than it has
found = sizes.find(b"PK\1\2")
sizes[found + 20:found + 28] = struct.pack("<II", 9, 9)
(OUT / "longer.zip").write_bytes(sizes)
(OUT / "empty.tar").write_bytes(bytes(10240))
(OUT / "empty.zip").write_bytes(b"PK\5\6" + bytes(18))
(OUT / "no-archive.tar.gz").write_bytes(gzip.compress(b"no archive" * 100))
(OUT / "none").write_bytes(b"")
(OUT / "7z").write_bytes(b"7z\xbc\xaf\x27\x1c" + bytes(100))
(OUT / "mtree").write_bytes(b"#mtree\n./x type=file contents=/etc/passwd\n")
(OUT / "cpio").write_bytes(b"070707" + b"0" * 70 + b"x\0" + bytes(100))
