"""yolov5's own scripts, whose settings are options of a command line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from yolopatch.core.fork.scripts.commands import Option, options_of
from yolopatch.core.fork.scripts.scopes import Script
from yolopatch.core.fork.scripts.values import Values
from yolopatch.core.syntax import parse

_MODES = {"train.py": "train", "val.py": "val", "test.py": "val"}
_FOLDERS = ("", "segment", "classify")
_ALIKE = 0.5  # of the options of two scripts; fewer, and they do something else


@dataclass(frozen=True)
class ReleaseScript:
    """A script of the release.

    Attributes:
        mode: what it starts: `train`, `val`; "" for anything else.
        defaults: of its options, as far as its text has them.
        names: of all of its options.
    """

    mode: str
    defaults: Mapping[str, object]
    names: frozenset[str]


def release_scripts(base: Mapping[str, bytes]) -> dict[str, ReleaseScript]:
    """Return the scripts of a release that have options, by path.

    Args:
        base: the release's files, by path.
    """
    found: dict[str, ReleaseScript] = {}
    for path, data in base.items():
        folder, _, name = path.rpartition("/")
        if folder in _FOLDERS and name.endswith(".py") and b"add_argument" in data:
            script = Script(parse(data.decode("utf-8", "replace")))
            values = Values(script, path, lambda _: None)
            names = frozenset(one.dest for one in options_of(script.calls))
            defaults = {key: one.value for key, one in values.defaults().items()}
            found[path] = ReleaseScript(_MODES.get(name, ""), defaults, names)
    return found


def script_like(scripts: Mapping[str, ReleaseScript], path: str, options: Sequence[Option]) -> ReleaseScript | None:
    """Return the release's script that a script is, or was copied from by its options; None for neither."""
    if path in scripts:
        return scripts[path]
    own = {one.dest for one in options}
    ranked = sorted(
        ((len(own & one.names) / len(own | one.names), name) for name, one in scripts.items()), reverse=True
    )
    return scripts[ranked[0][1]] if ranked and ranked[0][0] > _ALIKE else None
