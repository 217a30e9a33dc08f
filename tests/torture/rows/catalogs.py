"""Catalogs from strangers: every field of every file changed, and options of git and pip in place of addresses."""

from __future__ import annotations

import json
import random
import tempfile
from pathlib import Path

from commands import LIGHT, NEXT_VERSION, must
from fuzz.mutations import mutated, mutated_json
from hostile import CANARY, Hostile, try_all
from lab import Lab
from recovering import prepare
from tally import Tally

_OPTIONS = (
    f"--upload-pack=touch {CANARY}",
    f"ext::sh -c touch% {CANARY}",
    "-x",
    f"file:///x; touch {CANARY}",
    f"$(touch {CANARY})",
)
_RANDOM = 50


def catalogs(lab: Lab, tally: Tally) -> None:
    """Let commands read a catalog with a ported pin and an own module, after changes."""
    (port,) = (command for command in LIGHT if command.name == "port")
    (add,) = (command for command in LIGHT if command.name == "forget")  # it starts with an own module
    with tempfile.TemporaryDirectory(dir=lab.folder) as folder:
        template = prepare(lab, port, Path(folder) / "catalog")
        with lab.sandbox(template) as sandbox:
            must(sandbox, *port.words)
            add.prepare(lab, sandbox)
            read = {
                file.relative_to(sandbox.path).as_posix(): file.read_bytes()
                for file in (sandbox.path / "catalog").rglob("*")
                if file.is_file()
            }
        cases = _options(read) + _changed(read, tally.budget.seed) + _missing(read)
        try_all(lab, tally, cases, template)


def _case(name: str, files: dict[str, bytes], apply: bool = True) -> Hostile:
    pin = (
        "apply",
        "--repo",
        f"ultralytics-{NEXT_VERSION}",
        "--module",
        "DSConv",
        "--source",
        "./release",
        "--dest",
        "w",
    )
    own = ("apply", "--repo", "ultralytics-8.3.0", "--module", "PConvLite", "--dest", "w")
    return Hostile(name, pin if apply else own, files, makes=("work/w",))


def _options(read: dict[str, bytes]) -> list[Hostile]:
    (name,) = (name for name in read if name.startswith("catalog/pins/"))
    entry, cases = json.loads(read[name]), []
    for option in _OPTIONS:
        git = {"url": option, "tag": "v1", "commit": ""}
        wheel = {"project": option, "version": "1", "sha256": "0" * 64}
        for changed in ({"git": git}, {"git": {**git, "url": "https://x.invalid/y", "tag": option}}, {"wheel": wheel}):
            data = json.dumps({**entry, **changed}).encode()
            words = ("apply", "--repo", f"ultralytics-{NEXT_VERSION}", "--module", "DSConv", "--dest", "w")
            cases.append(Hostile(f"{option!r} in {sorted(changed)}", words, {**read, name: data}, codes=(1, 2)))
    return cases


def _changed(read: dict[str, bytes], seed: int) -> list[Hostile]:
    cases = []
    for name, data in read.items():
        give = (mutated_json if name.endswith(".json") else mutated)([data])
        for number in range(_RANDOM):
            changed = give(random.Random(f"{seed} {name} {number}"))
            cases.append(
                _case(
                    f"{name}, change {number}",
                    {**read, name: changed},
                    apply="PConv" not in name and "pconv" not in name,
                )
            )
    return cases


def _missing(read: dict[str, bytes]) -> list[Hostile]:
    return [
        _case(
            f"without {name}",
            {other: data for other, data in read.items() if other != name},
            apply="onv" not in Path(name).stem,
        )
        for name in read
    ]
