"""The first layer of a whole network, as its text says it: it takes the channels of an image, and halves it."""

from __future__ import annotations

import ast

from yolopatch.core.paste.reading import Pasted

_IMAGE_CHANNELS = 3
_STRIDE = 3  # the place of the stride, as in nn.Conv2d: channels in, channels out, kernel, stride


def first_layer_of_image(paste: Pasted, name: str) -> int:
    """Return the line of a constructor that makes a layer for the 3 channels of an image, with a stride; 0 for none.

    A layer without a stride may read three maps of one channel each, or three coordinates.
    """
    init = paste.method(name, "__init__")
    calls = (node for node in ast.walk(init) if isinstance(node, ast.Call)) if init else ()
    return next((call.lineno for call in calls if _takes_image(call) and _strides(call)), 0)


def _takes_image(call: ast.Call) -> bool:
    named = [one.value for one in call.keywords if (one.arg or "").startswith("in_")]
    first = [*call.args[:1], *named]
    return bool(first) and _number(first[0]) == _IMAGE_CHANNELS


def _strides(call: ast.Call) -> bool:
    named = [one.value for one in call.keywords if one.arg == "stride"]
    given = [*named, *call.args[_STRIDE : _STRIDE + 1]]
    return bool(given) and _number(given[0]) > 1


def _number(node: ast.expr) -> int:
    return node.value if isinstance(node, ast.Constant) and type(node.value) is int else 0
