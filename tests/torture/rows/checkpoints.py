"""Checkpoints from strangers: pickles that call, that never end or that lie; `restore` runs nothing of them."""

from __future__ import annotations

import pickle
import random
import tempfile
import zipfile
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

from commands import LIGHT
from hostile import CANARY, Hostile, try_all
from lab import WITH_TORCH, Lab
from recovering import prepare
from tally import Tally

_RANDOM = 80


def _text(text: str) -> bytes:
    return b"X" + len(text).to_bytes(4, "little") + text.encode()


_CODE = f"open({CANARY!r}, 'w')"
_MODEL = b"cultralytics.nn.tasks\nDetectionModel\n"
_NEW = _MODEL + b")\x81"
_YAML = b"}" + _text("activation") + _text(_CODE) + b"s"
_NESTED = b")" + b"q\x01h\x01\x86" * 60
_PAYLOADS = {
    "REDUCE of open": b"cio\nopen\n" + _text(CANARY) + _text("w") + b"\x86R",
    "REDUCE of os.system": b"cposix\nsystem\n" + _text(f"touch {CANARY}") + b"\x85R",
    "REDUCE of eval": b"cbuiltins\neval\n" + _text(_CODE) + b"\x85R",
    "INST": b"(" + _text(f"touch {CANARY}") + b"iposix\nsystem\n",
    "OBJ": b"(cposix\nsystem\n" + _text(f"touch {CANARY}") + b"o",
    "STACK_GLOBAL": _text("posix") + _text("system") + b"\x93" + _text(f"touch {CANARY}") + b"\x85R",
    "NEWOBJ of Popen": b"csubprocess\nPopen\n" + _text("touch") + b"\x85\x81",
    "NEWOBJ_EX": b"csubprocess\nPopen\n)}" + _text("args") + _text("true") + b"s\x92",
    "a model that is called": _MODEL + _YAML + b"\x85R",
    "a model with arguments": _MODEL + _YAML + b"\x85\x81",
    "a model with a state of code": _NEW + b"}" + _text("yaml") + _YAML + b"sb",
    "a method in place of another": _NEW + b"}" + _text("forward") + b"cposix\nsystem\nsb",
    "__setstate__ of a stranger": _NEW + b"}" + _text("__setstate__") + b"cbuiltins\neval\nsb" + _text(_CODE) + b"b",
    "__reduce__ in a state": _NEW + b"}" + _text("__reduce__") + b"cbuiltins\neval\nsb",
    "getattr of getattr": b"cbuiltins\ngetattr\ncbuiltins\ngetattr\n" + _text("__self__") + b"\x86R",
    "a partial": b"cfunctools\npartial\ncbuiltins\neval\n" + _text(_CODE) + b"\x86R)R",
    "a defaultdict of a factory": b"ccollections\ndefaultdict\ncbuiltins\neval\n\x85R",
    "torch.load": b"ctorch\nload\n" + _text("best.pt") + b"\x85R",
    "torch.hub": b"ctorch.hub\nload\n" + _text("x/y") + _text("z") + b"\x86R",
    "a name with dots": b"\x8c\x02os\x8c\x0epath.os.system\x93" + _text(f"touch {CANARY}") + b"\x85R",
    "EXT1": b"\x82\x01",
    "PERSID": b"Pposix system\n",
    "BINPERSID of no storage": b"(" + _text("x") + b"tQ",
    "BINPERSID of a class": b"cposix\nsystem\nQ",
    "a storage of 2**62": b"("
    + _text("storage")
    + b"ctorch\nFloatStorage\n"
    + _text("0")
    + _text("cpu")
    + b"\x8a\x08"
    + b"\xff" * 7
    + b"\x3ftQ",
    "tuples in tuples as a key": b"}" + _NESTED + b"K\x01s",
    "tuples in tuples in a set": b"(" + _NESTED + b"\x91",
    "a memo of 2**28": b"]r\xff\xff\xff\x0f",
    "a memo of 2**28 as text": b"]p268435455\n",
    "bytes(2**40)": b"cbuiltins\nbytes\n\x8a\x06\0\0\0\0\0\x01\x85R",
    "lists in lists": b"]" * 20_000 + b"a" * 19_999,
    "a million instructions": b"]" + b"K\x01a" * 10**6,
    "a number of a megabyte": b"\x8b" + (10**6).to_bytes(4, "little") + b"\x01" * 10**6,
    "a text that claims 4 GB": b"X\xff\xff\xff\xff",
    "a list that holds itself": b"]q\x05h\x05a",
}


def checkpoints(lab: Lab, tally: Tally) -> None:
    """Let `restore` read and load hostile checkpoints that carry a sound stamp."""
    (restore,) = (command for command in LIGHT if command.name == "restore")
    with tempfile.TemporaryDirectory(dir=lab.folder) as folder:
        template = prepare(lab, restore, Path(folder) / "restore")
        stamp = _stamp_in(template / "work" / "best.pt")
        cases = [_case(name, value) for name, value in _hostile(stamp, tally.budget.seed)]
        try_all(lab, tally, cases, template)


def _stamp_in(file: Path) -> bytes:
    """Return the pickle of the stamp, without its start and its end."""
    with zipfile.ZipFile(file) as archive:
        stamp = pickle.loads(archive.read("archive/data.pkl"))["yolopatch"]  # which this torture has just written
    return pickle.dumps(stamp, protocol=2)[2:-1]


def _hostile(stamp: bytes, seed: int) -> Iterator[tuple[str, bytes]]:
    for name, payload in _PAYLOADS.items():
        yield name, _archive(stamp, b"", payload)
        yield f"{name}, below a model", _archive(stamp, b"", _NEW + b"}" + _text("x") + payload + b"sb")
    chance = random.Random(seed)
    names = sorted(_PAYLOADS)
    for number in range(_RANDOM):
        name = chance.choice(names)
        yield f"{name}, hidden {number}", _archive(stamp, _noise(chance), _hidden(chance, _PAYLOADS[name]))


def _hidden(chance: random.Random, payload: bytes) -> bytes:
    """Put a payload into lists, dictionaries, tuples and states, in any order."""
    for _ in range(chance.randint(1, 5)):
        payload = chance.choice(
            (
                b"]" + payload + b"a",
                b"(" + payload + b"l",
                b"}" + _text("k") + payload + b"s",
                payload + b"\x85",
                b"N" + payload + b"\x86",
                payload + b"0N",
                payload + b"q\x09h\x09\x86",
                b"ctorch.nn.modules.container\nSequential\n)\x81}" + _text("_modules") + payload + b"sb",
                _NEW + b"}" + _text("args") + payload + b"sb",
            )
        )
    return payload


def _noise(chance: random.Random) -> bytes:
    return b"".join(_text(f"n{number}") + b"K\x01s" for number in range(chance.randint(0, 3)))


def _archive(stamp: bytes, before: bytes, value: bytes) -> bytes:
    stream = BytesIO()
    entries = before + _text("yolopatch") + stamp + b"s" + _text("model") + value + b"s"
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("archive/data.pkl", b"\x80\x02}" + entries + b".")
        archive.writestr("archive/version", "3\n")
    return stream.getvalue()


def _case(name: str, data: bytes) -> Hostile:
    words = ("restore", "best.pt", "--dest", "w")
    return Hostile(name, words, {"best.pt": data}, makes=("work/w",), keeps=True, memory=WITH_TORCH)
