"""Forks from strangers: archives and repositories that lead out, lie, link, and are far too large, for `adopt`."""

from __future__ import annotations

import io
import stat
import sys
import tarfile
import zipfile
from collections.abc import Iterator

from hostile import CANARY, Hostile, changed_forms, try_all
from lab import ROOT, Lab
from rows.archives import NAMES
from tally import Tally

sys.path.append(str(ROOT / "tests"))
from zips import with_size, zipped

_BOMB = 2**28
_RANDOM = 100
_RUNS = f"import pathlib\npathlib.Path({CANARY!r}).touch()\n".encode()
_YAML = b"nc: 3\nbackbone:\n  - [-1, 1, Mine, [64]]\nhead:\n  - [[0], 1, Detect, [nc]]\n"
_FORK = {
    "ultralytics/__init__.py": b'__version__ = "8.3.0"\n' + _RUNS,
    "ultralytics/nn/tasks.py": _RUNS + b"def parse_model():\n    pass\n",
    "ultralytics/nn/modules/mine.py": b"@(print('x'))\nclass Mine:\n    y = open('z', 'w')\n",
    "ultralytics/cfg/models/mine.yaml": _YAML,
    "train.py": _RUNS + b"YOLO('mine.yaml').train()\n",
    "setup.py": _RUNS,
}
_LINKS = (tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE, tarfile.GNUTYPE_SPARSE)


def forks(lab: Lab, tally: Tally) -> None:
    """Let `adopt` read hostile forks."""
    cases = [_case(name, files) for name, files in (*_archives(), *_folders())]
    sound = [zipped(_FORK.items()), _tarred(_FORK.items()), zipped(_FORK.items(), zipfile.ZIP_STORED)]
    cases += changed_forms(
        "a changed archive", tally.budget.seed, _RANDOM, sound, lambda name, data: _case(name, {"x.zip": data})
    )
    try_all(lab, tally, cases)


def _case(name: str, files: dict[str, bytes]) -> Hostile:
    named = next(iter(files)).split("/")[0]
    return Hostile(name, ("adopt", named, "--no-build", "--json"), files)


def _archives() -> Iterator[tuple[str, dict[str, bytes]]]:
    for name in NAMES:
        yield f"the name {name[:40]!r}, zip", {"x.zip": zipped([*_FORK.items(), (name, b"x")])}
        yield f"the name {name[:40]!r}, tar", {"x.tar": _tarred([*_FORK.items(), (name, b"x")])}
    for kind in (stat.S_IFLNK, stat.S_IFIFO, stat.S_IFCHR):
        yield f"files of the kind {kind:o}", {"x.zip": zipped(_FORK.items(), mode=kind | 0o777)}
    for kind in _LINKS:
        yield f"an entry of the kind {kind!r}", {"x.tar": _tarred(_FORK.items(), kind)}
    many = [*_FORK.items(), *((f"ultralytics/{number}.py", b"") for number in range(30_000))]
    bomb = [*_FORK.items(), ("ultralytics/bomb.py", bytes(_BOMB))]
    small_bombs = [*_FORK.items(), *((f"ultralytics/{number}.py", bytes(2**22)) for number in range(100))]
    for name, entries in {"many names": many, "a bomb": bomb, "many small bombs": small_bombs}.items():
        yield f"{name}, zip", {"x.zip": zipped(entries)}
        yield f"{name}, tar", {"x.tgz": _tarred(entries, mode="w:gz")}
    yield "a bomb whose header lies", {"x.zip": with_size(zipped(bomb), _BOMB, 100)}
    yield "a header that asks for all memory", {"x.tar": _tarred([("x" * 2**26, b"")])}
    yield "an archive in an archive", {"x.zip": zipped([("inner.zip", zipped(_FORK.items()))])}


def _folders() -> Iterator[tuple[str, dict[str, bytes]]]:
    yield "code at import, decorators and setup", {f"x/{path}": data for path, data in _FORK.items()}
    settings = f'[core]\n\tfsmonitor = "touch {CANARY}"\n[filter "x"]\n\tsmudge = "touch {CANARY}"\n'.encode()
    hooks = {
        f"x/.git/hooks/{name}": f"#!/bin/sh\ntouch {CANARY}\n".encode() for name in ("post-checkout", "pre-auto-gc")
    }
    for name, more in {"a repository without objects": b"ref: refs/heads/main\n", "a HEAD that is none": b"\0"}.items():
        files = {"x/.git/HEAD": more, "x/.git/config": settings, "x/.git/objects/x": b"", "x/.git/refs/x": b"", **hooks}
        yield name, files
        yield f"{name}, bare", {path.replace("/.git", ""): data for path, data in files.items()}
    for name, data in {
        "chains": b"x = " + b"1+" * 50_000 + b"1\n",
        "brackets": b"[" * 100_000,
        "an odd encoding": b"# coding: utf-7\n" + b"+AAo-",
        "no text": bytes(range(256)) * 4000,
        "a line of a megabyte": b"class Mine:\n    x = '" + b"a" * 2**20 + b"'\n",
    }.items():
        mine = {**_FORK, "ultralytics/nn/modules/mine.py": data, "train.py": data, "README.md": data}
        yield f"code with {name}", {f"x/{path}": content for path, content in mine.items()}
        yield f"a YAML with {name}", {f"x/{path}": data if path.endswith("yaml") else c for path, c in _FORK.items()}


def _tarred(entries: object, kind: bytes = tarfile.REGTYPE, mode: str = "w") -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode=mode) as archive:  # type: ignore[call-overload]
        for name, data in entries:  # type: ignore[attr-defined]
            info = tarfile.TarInfo(name)
            info.size, info.type, info.linkname = len(data), kind, "/etc/passwd"
            archive.addfile(info, io.BytesIO(data))
    return stream.getvalue()
