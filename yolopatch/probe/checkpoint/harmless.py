"""Check that a model's YAML from inside a checkpoint holds only layers, and build it.

Upstream's parsers evaluate strings of a YAML as Python: v6.1 every string, ultralytics the activation. In the user's
own YAML that is the user's decision; in a YAML from a checkpoint it would run code of the checkpoint's author.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import torch.nn as nn

from ..explain.raising import first_line
from ..pickled.reader import Inert
from ..protocol.refusal import Refusal
from ..tensors.models import UpstreamModel
from ..upstreams.upstream import Upstream

_ROWS = ("backbone", "head")
_OPENING = ("AutoBackend", "DetectMultiBackend")  # modules that open the file that they are given
_MOST_VALUES = 200_000  # of a YAML; the names of 20,000 classes are 40,000
_DEEPEST = 50  # levels of it
_LARGEST = 2**20  # of its numbers; a layer's width is 2**11 at most, and a number of classes 2**15
_END = object()
_WORD = re.compile(r"[A-Za-z_]\w*|'[\w-]*'|\"[\w-]*\"")  # None, nc, anchors, nearest, 'nearest'
_ACTIVATION = re.compile(r"(?:torch\.)?nn\.[A-Z]\w*\((?:\w+=)?[\w.]*\)")  # nn.ReLU(), nn.LeakyReLU(0.1)


def build_stored(upstream: Upstream, data: dict[str, Any]) -> UpstreamModel:
    """Build the model of a YAML from inside a file; return it in float32 and eval.

    Raises:
        Refusal: the YAML has more than layers, or cannot be built in this workspace.
    """
    require_harmless(upstream, data)
    try:
        return upstream.build(data).float().eval()
    except Exception as error:  # upstream's parser may raise anything for another release's YAML
        raise Refusal(
            "the file's model cannot be built in this workspace",
            f"found: {type(error).__name__}: {first_line(error)[:200]}",
            hint="the file is of another family or release: yolopatch status shows the workspace's release",
        ) from error


def require_harmless(upstream: Upstream, data: dict[str, Any]) -> None:
    """Refuse a parsed YAML whose rows name anything but modules, or have strings that are more than words.

    Raises:
        Refusal: it names the first such value.
    """
    _require_bounded(data)
    for key, value in data.items():
        if key in _ROWS:
            _require_rows(upstream, value)
        elif key == "activation" and value is not None:
            _require(isinstance(value, str) and _ACTIVATION.fullmatch(value), f"activation: {value!r}")


def _require_bounded(data: dict[str, Any]) -> None:
    """Refuse a YAML that is endless where it is written out: a list may hold itself, or another one a million times."""
    waiting, count = [iter([data])], 0
    while waiting:
        value = next(waiting[-1], _END)
        count += 1
        _require(count <= _MOST_VALUES and len(waiting) <= _DEEPEST, "values without an end")
        if value is _END:
            waiting.pop()
        elif isinstance(value, dict):
            waiting.append(iter([*value.keys(), *value.values()]))
        elif isinstance(value, (list, tuple)):
            waiting.append(iter(value))
        elif isinstance(value, int):
            _require(abs(value) <= _LARGEST, f"a number of {value.bit_length()} bits")


def require_harmless_yamls(upstream: Upstream, root: object) -> None:
    """Refuse a checkpoint, read as data, if any model's YAML in it is more than layers.

    Raises:
        Refusal: it names the first such value.
    """
    for data in _yamls(root):
        require_harmless(upstream, data)


def _yamls(root: object) -> Iterator[dict[str, Any]]:
    """Yield every dict that upstream could take for a model's YAML, at any depth."""
    seen: set[int] = set()
    waiting = [root]
    while waiting:
        value = waiting.pop()
        if id(value) in seen:
            continue
        seen.add(id(value))
        if isinstance(value, dict):
            waiting += value.values()
            if isinstance(value.get("yaml"), dict):  # the attribute of a model
                yield value["yaml"]
            # what looks like one; modules may have a part that is named `head`
            if any(isinstance(value.get(key), (list, tuple)) for key in _ROWS):
                yield value
        elif isinstance(value, (list, tuple, set, frozenset)):
            waiting += value
        elif isinstance(value, Inert):
            waiting += (value.arguments, value.named, value.state, value.items)


def _require_rows(upstream: Upstream, rows: Any) -> None:
    _require(isinstance(rows, (list, tuple)), f"rows that are a {type(rows).__name__}")
    for row in rows:
        _require(isinstance(row, (list, tuple)) and len(row) == 4, f"the row {row!r}")
        sources, repeats, name, arguments = row
        _require(all(isinstance(source, int) for source in _as_list(sources)), f"the sources {sources!r}")
        _require(isinstance(repeats, int), f"the repeats {repeats!r}")
        _require(isinstance(name, str) and re.fullmatch(r"[A-Za-z_][\w.]*", name), f"the module {name!r}")
        _require_module(upstream, name)
        for text in _strings(arguments):
            _require(_WORD.fullmatch(text), f"the argument {text!r} of {name}")


def _require_module(upstream: Upstream, name: str) -> None:
    found = upstream.find_class(name)
    if found is None:
        raise Refusal(
            f"the checkpoint's model has layers of a class {name}, which this workspace lacks",
            hint="use a model whose classes the workspace has: yolopatch apply adds modules, "
            "yolopatch list pins shows which release has which model",
        )
    _require(
        isinstance(found, type) and issubclass(found, nn.Module) and found.__name__ not in _OPENING,
        f"the module {name!r}",
    )


def _as_list(value: Any) -> list[Any] | tuple[Any, ...]:
    return value if isinstance(value, (list, tuple)) else [value]


def _strings(value: Any) -> Iterator[str]:
    """Yield every string in nested lists and dicts."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        yield from _strings([*value.keys(), *value.values()])
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _strings(item)


def _require(condition: object, found: str) -> None:
    if not condition:
        raise Refusal(
            "the YAML inside the checkpoint is more than a list of layers, and upstream would run it as code",
            f"found: {found}",
            hint="do not use this file, unless you know who made it and why",
        )
