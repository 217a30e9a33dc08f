"""Where to import the names that a pasted file imports, or uses without an import."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from types import MappingProxyType
from typing import NamedTuple

from yolopatch.catalog.interfaces import interface, python_files
from yolopatch.core.paste.names import bound
from yolopatch.core.paste.origins.known import WITH_TORCH, is_inside, modules_in, root_of
from yolopatch.core.paste.origins.signatures import Signature, read_signature, signatures
from yolopatch.core.paste.origins.stand_ins import TIMM
from yolopatch.core.syntax import module_name, parse

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
    **{name: TIMM[name].code for name in ("trunc_normal_", "DropPath", "to_2tuple")},
    **{
        name: f"from typing import {name}"
        for name in ("Any", "Callable", "Dict", "List", "Optional", "Sequence", "Tuple", "Type", "Union")
    },
}


Texts = Mapping[str, str]


class Imported(NamedTuple):
    """What a pasted file imports from an upstream, by a file's path in the pin.

    Attributes:
        path: of the file.
        name: that is imported.
        whole: whether it is the file itself, `from ultralytics.utils import ops`, and no name in it.
    """

    path: str
    name: str
    whole: bool = False

    @property
    def place(self) -> str:
        """The Python module to import it from."""
        return module_name(f"{PurePosixPath(self.path).parent}/__init__.py" if self.whole else self.path)

    def is_in(self, texts: Texts) -> bool:
        """Tell whether these files have it."""
        if self.path not in texts:
            return False
        return self.whole or self.name in {name for node in parse(texts[self.path]).body for name in bound(node)}


_NO_TEXTS: Texts = MappingProxyType({})


@dataclass(frozen=True)
class Upstream:
    """What a pasted file can use of an upstream.

    Attributes:
        defined_in: the names that it defines, each with the Python module to import it from.
        signatures: the arguments of its classes and functions.
    """

    name: str
    defined_in: Mapping[str, str]
    signatures: Mapping[str, Signature] = field(default_factory=dict)

    @classmethod
    def of(
        cls, name: str, texts: Mapping[str, str], imported: Iterable[Imported] = (), more: Texts = _NO_TEXTS
    ) -> Upstream:
        """Read the names from an upstream's files, given by path; the first file that defines a name is used.

        Args:
            name: of the upstream.
            texts: its files with modules: their classes and functions are known without an import, too.
            imported: what the pasted file imports from other files of it.
            more: the texts of those other files.
        """
        defined_in: dict[str, str] = {}
        for path, text in texts.items():
            for node in parse(text).body:
                if isinstance(node, (ast.ClassDef, ast.FunctionDef)):
                    defined_in.setdefault(node.name, module_name(path))
        for one in imported:
            if one.is_in(more):
                defined_in.setdefault(one.name, one.place)
        return cls(name, defined_in, signatures((*texts.values(), *more.values())))

    @classmethod
    def as_shipped(cls, pin: str, imported: Iterable[Imported] = ()) -> Upstream:
        """Return what yolopatch knows of one of its own pins without the pin's text."""
        known, files = interface(pin), python_files(pin)
        others = {one.name: one.place for one in imported if one.path in files}
        read = {name: read_signature(written) for name, written in known.signatures.items()}
        return cls(pin, {**others, **known.defined_in}, read)


def other_packages(node: ast.Import | ast.ImportFrom, packages: frozenset[str] = frozenset()) -> tuple[str, ...]:
    """Return the packages of an import that are neither Python's, nor installed with torch, nor an upstream.

    Args:
        node: the import.
        packages: the packages that the user says are installed.
    """
    if is_inside(node, packages):
        return ()
    names = dict.fromkeys(map(root_of, modules_in(node)))
    return tuple(name for name in names if name not in WITH_TORCH)


def import_lines(names: Iterable[ast.alias], upstream: Upstream) -> list[str]:
    """Return the lines that import these names from the upstream's modules."""
    by_place: dict[str, list[str]] = {}
    for alias in names:
        by_place.setdefault(upstream.defined_in[alias.name], []).append(ast.unparse(alias))
    return [f"from {place} import {', '.join(sorted(found))}" for place, found in sorted(by_place.items())]
