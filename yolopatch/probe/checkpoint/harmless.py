"""Whether a model's YAML that came inside a checkpoint says nothing but layers.

Upstream's parsers evaluate what a YAML says: v6.1 every string in it, ultralytics the activation. In a file of the
user's own that is theirs to decide; out of a checkpoint it would run its author's code.
"""

import re

import torch.nn as nn

from ..protocol.raising import first_line
from ..protocol.refusal import Refusal

_ROWS = ("backbone", "head")
_WORD = re.compile(r"[A-Za-z_]\w*|'[\w-]*'|\"[\w-]*\"")  # None, nc, anchors, nearest, 'nearest'
_ACTIVATION = re.compile(r"(?:torch\.)?nn\.[A-Z]\w*\((?:\w+=)?[\w.]*\)")  # nn.ReLU(), nn.LeakyReLU(0.1)


def build_stored(upstream, data):
    """Return the model of a YAML that came inside a file, in float32 and eval.

    Raises:
        Refusal: it is more than layers, or cannot be built in this workspace.
    """
    require_harmless(upstream, data)
    try:
        return upstream.build(data).float().eval()
    except Exception as error:  # whatever upstream's parser raises at a YAML that is not its own
        raise Refusal(
            "the file's model cannot be built in this workspace",
            f"found: {type(error).__name__}: {first_line(error)[:200]}",
            hint="the file is of another family or release: yolopatch status says what the workspace is",
        ) from error


def require_harmless(upstream, data):
    """Refuse a parsed YAML that names anything but modules, or has strings that are more than words.

    Raises:
        Refusal: what it says, and where.
    """
    for key, value in data.items():
        if key in _ROWS:
            _require_rows(upstream, value)
        elif key == "activation":
            _require(isinstance(value, str) and _ACTIVATION.fullmatch(value), f"activation: {value!r}")


def _require_rows(upstream, rows):
    for row in rows:
        _require(isinstance(row, (list, tuple)) and len(row) == 4, f"the row {row!r}")
        sources, repeats, name, arguments = row
        _require(all(isinstance(source, int) for source in _listed(sources)), f"the sources {sources!r}")
        _require(isinstance(repeats, int), f"the repeats {repeats!r}")
        _require(isinstance(name, str) and re.fullmatch(r"[A-Za-z_][\w.]*", name), f"the module {name!r}")
        _require_module(upstream, name)
        for text in _strings(arguments):
            _require(_WORD.fullmatch(text), f"the argument {text!r} of {name}")


def _require_module(upstream, name):
    found = upstream.find_class(name)
    if found is None:
        raise Refusal(
            f"the checkpoint's model has layers of a class {name}, which this workspace lacks",
            hint="take a model whose classes the workspace has: yolopatch apply adds modules, "
            "yolopatch list pins says which release has which model",
        )
    _require(isinstance(found, type) and issubclass(found, nn.Module), f"the module {name!r}")


def _listed(value):
    return value if isinstance(value, (list, tuple)) else [value]


def _strings(value):
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        yield from _strings([*value.keys(), *value.values()])
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _strings(item)


def _require(fits, found):
    if not fits:
        raise Refusal(
            "the YAML inside the checkpoint is more than a list of layers, and upstream would run it",
            f"found: {found}",
            hint="do not use this file, unless you know who made it and why",
        )
