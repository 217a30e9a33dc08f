"""Wheels from strangers: paths that lead out, links, one name twice, sizes that lie, bombs, damaged ones."""

from __future__ import annotations

import stat
import sys
import zipfile
from collections.abc import Iterator

from hostile import Hostile, changed_forms, try_all
from lab import PIN, ROOT, Lab
from tally import Tally

sys.path.append(str(ROOT / "tests"))
from zips import with_size, zipped

NAMES = (
    *(
        "/etc/outside",
        "../outside",
        "ultralytics/../../outside",
        "..\\outside",
        "C:\\outside",
        "C:/outside",
        "//x/outside",
    ),
    *(".git/hooks/post-checkout", "ultralytics/.GIT/config", "ultralytics//a.py", "./a.py", "a\nM 100644 inline b"),
    *(
        "ultralytics/\x1b[31m.py",
        '"a"',
        "",
        ".",
        "..",
        "a/./b",
        "x" * 5000,
        "a/" * 500 + "b",
        "ultralytics/a.py/",
        "\u202ea",
    ),
)
_KINDS = (stat.S_IFLNK, stat.S_IFIFO, stat.S_IFCHR, stat.S_IFBLK, stat.S_IFSOCK, stat.S_IFDIR)
_BOMB = 2**28
_RANDOM = 150
_INIT = ("ultralytics/__init__.py", b'__version__ = "8.3.7"\n')


def archives(lab: Lab, tally: Tally) -> None:
    """Let `port` and `apply --source` read hostile wheels."""
    sound = zipped([_INIT, ("ultralytics/nn/tasks.py", b"def parse_model():\n    pass\n")])
    cases = [_ported(name, data) for name, data in _hostile()]
    cases += changed_forms(
        "a changed wheel", tally.budget.seed, _RANDOM, [sound, zipped([_INIT], zipfile.ZIP_STORED)], _ported
    )
    cases += [_applied(name, data) for name, data in _hostile() if "name" not in name]
    try_all(lab, tally, cases)


def _ported(name: str, data: bytes) -> Hostile:
    words = ("port", "--to", "./x.whl", "--no-prove", "--module", "DSConv")
    return Hostile(f"port, {name}", words, {"x.whl": data})


def _applied(name: str, data: bytes) -> Hostile:
    words = ("apply", "--repo", PIN, "--module", "DSConv", "--source", "x.whl", "--dest", "w")
    return Hostile(f"apply, {name}", words, {"x.whl": data}, codes=(1, 2))


def _hostile() -> Iterator[tuple[str, bytes]]:
    for name in NAMES:
        yield f"the name {name[:40]!r}", zipped([_INIT, (name, b"x")])
    for kind in _KINDS:
        yield f"a file of the kind {kind:o}", zipped([_INIT, ("ultralytics/link", b"/etc/passwd")], mode=kind | 0o777)
    yield "one name twice", zipped([_INIT, _INIT])
    yield "many names", zipped([_INIT, *((f"ultralytics/{number}.py", b"") for number in range(20_000))])
    bomb = zipped([_INIT, ("ultralytics/bomb", bytes(_BOMB))])
    yield "a bomb", bomb
    yield "a bomb whose header lies", with_size(bomb, _BOMB, 100)
    yield "an entry that claims 4 GB", with_size(bomb, _BOMB, 2**32 - 2)
    for kind in (zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA):
        yield f"the compression {kind}", zipped([_INIT], kind)
    yield (
        "an encrypted entry",
        zipped([_INIT]).replace(b"PK\x01\x02\x14\x03\x14\x00\x00", b"PK\x01\x02\x14\x03\x14\x00\x01"),
    )
    yield (
        "a version of code",
        zipped([("ultralytics/__init__.py", b'__version__ = "8.3.7" + open("canary", "w").name\n')]),
    )
    yield "an endless version", zipped([("ultralytics/__init__.py", b'__version__ = "8' + b".1" * 200_000 + b'"\n')])
    for name, data in (
        ("nothing", b""),
        ("a start", b"PK\x03\x04"),
        ("zeros", bytes(10**6)),
        ("a page", b"<html>" * 99),
    ):
        yield f"{name} in it", data
