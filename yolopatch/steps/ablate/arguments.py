"""Upstream's own training arguments, as its code lists them: what a grid says is checked before anything trains."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from yolopatch.catalog.names import unknown
from yolopatch.core.plain_yaml import load_plain
from yolopatch.errors import UsageError
from yolopatch.outside.workspace.workspace import Workspace

_OPTION = re.compile(r"""add_argument\(\s*['"]--([\w-]+)['"]""")
_ULTRALYTICS = Path("ultralytics", "cfg", "default.yaml")
_YOLOV5 = Path("train.py")
_HYP = Path("data", "hyps", "hyp.scratch-low.yaml")
SEED = "seed"


@dataclass(frozen=True)
class Arguments:
    """The arguments of a grid's runs.

    Attributes:
        call: those of the training call.
        hyperparameters: those that the upstream reads from a file, all of them; empty where none of them was named.
        has_seed: whether the call has an argument for the seed.
    """

    call: Mapping[str, object]
    hyperparameters: Mapping[str, object]
    has_seed: bool


def read_arguments(workspace: Workspace, train: Mapping[str, object]) -> Arguments:
    """Return a grid's arguments, each where upstream takes it.

    Raises:
        UsageError: upstream has no such argument, or takes a number where the grid has a text.
    """
    root = workspace.path
    if workspace.pin.layout.style == "ultralytics":
        known = _mapping(root / _ULTRALYTICS)
        hyperparameters: Mapping[str, object] = {}
    else:
        package = root / workspace.pin.layout.package
        found = _OPTION.findall((package / _YOLOV5).read_text("utf-8"))
        known = dict.fromkeys(name.replace("-", "_") for name in found)
        hyperparameters = {key: value for key, value in _mapping(package / _HYP).items() if key not in known}
    for key in train:
        if key not in known and key not in hyperparameters:
            raise unknown(f"training argument of {workspace.pin.name}", key, sorted({*known, *hyperparameters}))
        _require_number(key, train[key], {**hyperparameters, **known}.get(key))
    changed = {key: value for key, value in train.items() if key in hyperparameters}
    return Arguments(
        call={key: value for key, value in train.items() if key in known},
        hyperparameters={**hyperparameters, **changed} if changed else {},
        has_seed=SEED in known,
    )


def _require_number(key: str, value: object, default: object) -> None:
    """Refuse a text in the place of a number; whether a number fits is upstream's to say."""
    if isinstance(value, str) and isinstance(default, (int, float)) and not isinstance(default, bool):
        raise UsageError(
            f"[train] {key} is the text {value!r}",
            details=[f"expected: a number; upstream's own is {default:g}"],
            hint=f"correct {key}",
        )


def _mapping(file: Path) -> dict[str, object]:
    content = load_plain(file.read_text("utf-8"))
    return content if isinstance(content, dict) else {}
