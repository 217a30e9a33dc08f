"""What the scripts and commands of a fork give to a training or a validation, and is no default of the release."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from yolopatch.core.fork.changes import FileChange
from yolopatch.core.fork.difference.leftovers import leftover
from yolopatch.core.fork.packages import ULTRALYTICS, YOLOV5
from yolopatch.core.fork.scripts.commands import SHELL, TEXTS, commands
from yolopatch.core.fork.scripts.finder import Finder, Recommended
from yolopatch.core.fork.tree import ForkTree

_PYTHON = (".py", ".ipynb")
# what no other script has
_STARTS = {
    ULTRALYTICS: re.compile(rb"\.(?:train|tune|val)\b|\bgetattr\b|\boverrides\b"),
    YOLOV5: re.compile(rb"\.run\s*\(|\badd_argument\b"),
}
_UPSTREAMS = (
    ULTRALYTICS,
    "docs",
    "examples",
    "tests",
)  # folders of a copy of upstream with scripts that are not the author's


def recommended(fork: ForkTree, base: Mapping[str, bytes], changes: Sequence[FileChange]) -> tuple[Recommended, ...]:
    """Return the settings of a fork's scripts that are not the release's default, by script and line.

    Args:
        fork: the fork.
        base: the release's files, by path.
        changes: what the fork changes, as `read_difference` gives it.
    """
    starts = _STARTS[fork.upstream]
    finder = Finder.of(fork, base, changes)
    scripts = [one for one in (*_beside(fork), *_added(fork, base)) if not leftover(one[0])]
    python = [(path, _text(data)) for path, data in scripts if path.endswith(_PYTHON) and starts.search(data)]
    texts = [(path, _text(data)) for path, data in scripts if path.endswith((*SHELL, *TEXTS))]
    found = [one for path, text in python for one in finder.of_script(path, text)]
    found += [one for path, text in texts for command in commands(path, text) for one in finder.of_command(command)]
    return tuple(_once(found))


def _once(found: Sequence[Recommended]) -> Iterator[Recommended]:
    """Yield each value once, at its first place, with the others that give it."""
    same: dict[tuple[str, str, str], dict[str, Recommended]] = {}
    for one in found:
        same.setdefault((one.call, one.name, repr(one.value)), {}).setdefault(one.where, one)
    for places in same.values():
        first, *others = places.values()
        yield replace(first, also=tuple(one.where for one in others))


def _unix(data: bytes) -> bytes:
    return data.replace(b"\r\n", b"\n")


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")


def _beside(fork: ForkTree) -> list[tuple[str, bytes]]:
    copies = tuple(f"{place}/{part}/".removeprefix("./") for place in fork.elsewhere for part in _UPSTREAMS)
    scripts = [(path, data) for path, data in fork.texts.items() if path.endswith((*_PYTHON, *SHELL, *TEXTS))]
    found = [(path, data) for path, data in scripts if not path.startswith(copies)]
    return sorted(found, key=lambda one: (one[0].count("/"), one[0]))


def _added(fork: ForkTree, base: Mapping[str, bytes]) -> list[tuple[str, bytes]]:
    """Return the scripts that an author put into the package; of yolov5, whose tree is the package, its own too.

    Of the texts of yolov5's tree, those at its top. A file of upstream's that lies at a second place is none.
    """
    top = f"{fork.place}/" if fork.place else ""
    is_all = fork.upstream == YOLOV5
    upstreams = {_unix(data) for data in base.values()} | {
        _unix(data) for path, data in fork.files.items() if path in base
    }
    return [
        (f"{top}{path}", data)
        for path, data in sorted(fork.files.items())
        if ((path not in base and _unix(data) not in upstreams) or (is_all and base.get(path, data) != data))
        and (path.endswith(".py") or (is_all and "/" not in path and path.endswith((*SHELL, *TEXTS))))
    ]
