"""Where to import the names that a pasted file imports, or uses without an import."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from yolopatch.core.syntax import parse

# Replacements for timm, which no upstream needs: pasted files use little of it.
_TIMM = {
    "trunc_normal_": "from torch.nn.init import trunc_normal_",
    "DropPath": '''import torch.nn as nn


class DropPath(nn.Module):
    """Leave a residual branch out of some samples while training (Huang et al.: Stochastic Depth, ECCV 2016)."""

    def __init__(self, drop_prob=0.0, scale_by_keep=True):
        """Keep how often a branch is left out, and whether the others make up for it."""
        super().__init__()
        self.drop_prob = drop_prob
        self.scale_by_keep = scale_by_keep

    def forward(self, x):
        """Return x with some of its samples zero: [N, ...] to the same."""
        if not self.drop_prob or not self.training:
            return x
        keep = 1 - self.drop_prob
        kept = x.new_empty((x.shape[0],) + (1,) * (x.ndim - 1)).bernoulli_(keep)
        return x * (kept / keep if self.scale_by_keep and keep > 0 else kept)''',
    "to_2tuple": "def to_2tuple(x):\n    return tuple(x) if isinstance(x, (tuple, list)) else (x, x)",
}
# Names that pasted files often use without an import, because the original file had it.
USUAL = {
    "torch": "import torch",
    "nn": "import torch.nn as nn",
    "F": "import torch.nn.functional as F",
    "math": "import math",
    "np": "import numpy as np",
    "copy": "import copy",
    "warnings": "import warnings",
    "itertools": "import itertools",
    "Tensor": "from torch import Tensor",
    "Parameter": "from torch.nn import Parameter",
    "init": "from torch.nn import init",
    "partial": "from functools import partial",
    "reduce": "from functools import reduce",
    "deepcopy": "from copy import deepcopy",
    "OrderedDict": "from collections import OrderedDict",
    "rearrange": "from einops import rearrange",
    **_TIMM,
    **{
        name: f"from typing import {name}"
        for name in ("Any", "Callable", "Dict", "List", "Optional", "Sequence", "Tuple", "Type", "Union")
    },
}

_WITH_TORCH = frozenset({"torch", "torchvision", "numpy"}) | sys.stdlib_module_names
_UPSTREAMS = frozenset({"ultralytics", "yolov5", "models", "utils"})
# names of upstream's files, as in imports from a file next to them
_UPSTREAM_FILES = frozenset({"activation", "block", "common", "conv", "experimental", "head", "modules", "transformer"})


@dataclass(frozen=True)
class Upstream:
    """The names that an upstream defines, each with the Python module to import it from."""

    name: str
    defined_in: Mapping[str, str]

    @classmethod
    def of(cls, name: str, texts: Mapping[str, str]) -> Upstream:
        """Read the names from an upstream's files, given by path; the first file that defines a name is used."""
        defined_in: dict[str, str] = {}
        for path, text in texts.items():
            for node in parse(text).body:
                if isinstance(node, (ast.ClassDef, ast.FunctionDef)):
                    defined_in.setdefault(node.name, path.removesuffix(".py").replace("/", "."))
        return cls(name, defined_in)


def is_upstreams(node: ast.Import | ast.ImportFrom) -> bool:
    """Tell whether this imports something from a YOLO upstream."""
    if isinstance(node, ast.ImportFrom) and node.level:
        return True
    return bool({package.partition(".")[0] for package in _packages(node)} & (_UPSTREAMS | _UPSTREAM_FILES))


def other_packages(node: ast.Import | ast.ImportFrom) -> tuple[str, ...]:
    """Return the packages of an import that are neither Python's, nor installed with torch, nor an upstream."""
    if is_upstreams(node):
        return ()
    names = dict.fromkeys(package.partition(".")[0] for package in _packages(node))
    return tuple(name for name in names if name not in _WITH_TORCH)


def timm_replacement(node: ast.Import | ast.ImportFrom) -> str | None:
    """Return the code that replaces an import from timm; None for other imports, and for unknown names."""
    if not isinstance(node, ast.ImportFrom) or (node.module or "").partition(".")[0] != "timm":
        return None
    if any(alias.name not in _TIMM or alias.asname for alias in node.names):
        return None
    return "\n\n\n".join(_TIMM[alias.name] for alias in node.names)


def import_lines(names: Iterable[ast.alias], upstream: Upstream) -> list[str]:
    """Return the lines that import these names from the upstream's modules."""
    by_place: dict[str, list[str]] = {}
    for alias in names:
        by_place.setdefault(upstream.defined_in[alias.name], []).append(ast.unparse(alias))
    return [f"from {place} import {', '.join(sorted(found))}" for place, found in sorted(by_place.items())]


def _packages(node: ast.Import | ast.ImportFrom) -> list[str]:
    return [node.module or ""] if isinstance(node, ast.ImportFrom) else [alias.name for alias in node.names]
