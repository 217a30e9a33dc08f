"""The figures that maintainers measured on each tutorial's model and on its base model, to compare with.

`make figures` writes them: layers, parameters, gradients, GFLOPs as upstream prints them (thop) and true ones
(torch's FlopCounterMode), at every scale, with the classes of COCO and an image of 640 px.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from typing import Any

from yolopatch.catalog.resources import figures_file, read_data

BASE = "base"


@cache
def _all() -> Mapping[str, Mapping[str, Mapping[str, list[Any]]]]:
    found: Mapping[str, Mapping[str, Mapping[str, list[Any]]]] = json.loads(read_data(figures_file()))
    return found


def recorded(tutorial: str, flavor: str) -> Mapping[str, list[Any]]:
    """Return the figures of a tutorial's model by scale; the flavor `base` is its base model."""
    return _all().get(tutorial, {}).get(flavor, {})
