"""The names in a checkpoint that no clean copy of its upstream can give it: where the classes behind them are."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from yolopatch.catalog.modules import module_of_class
from yolopatch.catalog.pins import Pin
from yolopatch.core.checkpoint.allowed import unknown_names
from yolopatch.core.checkpoint.stamp import printable

SCRIPT_HINT = (
    "only that script can load the file: let it save model.state_dict(). To train so that others can load it, "
    "move the class into a file of its own and make it a module with yolopatch add FILE.py."
)
_SCRIPTS = ("__main__", "__mp_main__")  # the file that Python was started with, also in its worker processes
_UPSTREAMS = frozenset({"ultralytics", "yolov5", "models", "utils"})
_MOST = 12  # names in a message


@dataclass(frozen=True)
class Strange:
    """What a checkpoint would import beside a clean upstream's classes and yolopatch's.

    Attributes:
        script: classes of the script that trained, which no other process has.
        copy: `module.name` of what lies in upstream's packages, and is not upstream's.
        others: `module.name` of what lies elsewhere.
    """

    script: tuple[str, ...]
    copy: tuple[str, ...]
    others: tuple[str, ...]


def of_script(asked: Sequence[str]) -> list[str]:
    """Return the names that the script which trained defines, as the file has them."""
    return [name for name in asked if _root(name) in _SCRIPTS]


def strange_names(
    pin: Pin | None, asked: Sequence[str], read: Callable[[list[str]], Mapping[str, str]] | None
) -> Strange:
    """Sort out the names that a clean copy of upstream lacks.

    Args:
        pin: the pin of the checkpoint's upstream, None where there is none of its version.
        asked: `module.name` of everything that the checkpoint would import.
        read: returns the pin's text of the given paths; without it, none of upstream's own names is looked at.
    """
    script = of_script(asked)
    rest = [name for name in asked if name not in script and not _is_known(name)]
    unknown = unknown_names(pin, rest, read or (lambda paths: {})) if pin else ()
    inside = [name for name in unknown if _root(name) in _UPSTREAMS] if read else []
    others = [name for name in unknown if _root(name) not in _UPSTREAMS]
    return Strange(tuple(name.partition(".")[2] for name in script), tuple(inside), tuple(others))


def _is_known(name: str) -> bool:
    """Return whether a name is torch's or that of a class which yolopatch adds."""
    return _root(name) == "torch" or bool(module_of_class(name.rpartition(".")[2]))


def listed(names: Sequence[str]) -> str:
    """Return names from a checkpoint for a message, the first of them."""
    more = f", and {len(names) - _MOST} more" if len(names) > _MOST else ""
    return ", ".join(map(printable, names[:_MOST])) + more


def _root(name: str) -> str:
    return name.partition(".")[0]
