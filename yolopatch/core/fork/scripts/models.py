"""Which expressions of a script are models of the fork's package, or its trainers."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from yolopatch.core.fork.names.references import dotted_name
from yolopatch.core.fork.packages import ULTRALYTICS
from yolopatch.core.fork.scripts.scopes import Script

_CLASS = re.compile(r"^class\s+(\w+)\s*(?:\(([^)]*)\))?\s*:", re.MULTILINE)
_DEEPEST = 30  # functions that call functions
_ROOT = "/engine/model.py"  # defines what YOLO and RTDETR are made of


def model_classes(files: Mapping[str, bytes]) -> frozenset[str]:
    """Return the names of the classes of a package that are a model as a user makes it: `YOLO`, `RTDETR`."""
    bases: dict[str, set[str]] = {}
    found: set[str] = set()
    for path, data in files.items():
        for name, listed in _CLASS.findall(data.decode("utf-8", "replace")) if path.endswith(".py") else ():
            bases.setdefault(name, set()).update(one.strip().rpartition(".")[2] for one in listed.split(","))
            found |= {name} if path.endswith(_ROOT) else set()
    while more := {name for name, above in bases.items() if above & found} - found:
        found |= more
    return frozenset(found)


@dataclass(frozen=True)
class Models:
    """The models of one script.

    Attributes:
        script: its code.
        classes: as `model_classes` gives them.
    """

    script: Script
    classes: frozenset[str]

    @cached_property
    def imported(self) -> dict[str, str]:
        """What comes from the package, by the name that the script has for it."""
        return dict(self._imports())

    def _imports(self) -> Iterator[tuple[str, str]]:
        for node in ast.walk(self.script.tree):
            if isinstance(node, ast.ImportFrom) and ULTRALYTICS in (node.module or "").split("."):
                for one in node.names:
                    if one.name == "*":
                        yield from ((name, name) for name in self.classes)
                    else:
                        yield one.asname or one.name, one.name
            elif isinstance(node, ast.Import):
                for one in node.names:
                    if ULTRALYTICS in one.name.split("."):
                        yield (one.asname or one.name.partition(".")[0]), ""

    def name_of(self, function: ast.expr) -> str:
        """Return the name of what is called, where it comes from the package; "" else."""
        name = dotted_name(function) or ""
        first, _, rest = name.partition(".")
        if first not in self.imported:
            return ""
        return rest.rpartition(".")[2] or self.imported[first]

    @cached_property
    def _names(self) -> frozenset[str]:
        """The names that a model gets somewhere."""
        found: set[str] = set()
        while more := {name for name in self._assigned if self._is_one_of(name, found)} - found:
            found |= more
        return frozenset(found)

    @cached_property
    def _assigned(self) -> dict[str, list[ast.expr]]:
        found: dict[str, list[ast.expr]] = {}
        for node in ast.walk(self.script.tree):
            for name, value in _names_in(node, self.script):
                found.setdefault(name, []).append(value)
        return found

    def _is_one_of(self, name: str, known: set[str] | frozenset[str]) -> bool:
        return any(self._is_model(value, known) for value in self._assigned[name])

    def is_model(self, node: ast.expr) -> bool:
        """Tell whether an expression is a model of the package."""
        return self._is_model(node, self._names)

    def method_of(self, node: ast.expr, depth: int = 0) -> str:
        """Return the method of a model that an expression is: `train` for `model.train`; "" for anything else."""
        if depth > _DEEPEST:
            return ""
        if isinstance(node, ast.Attribute):
            owner = node.value
            return node.attr if self.is_model(owner) or self.name_of(owner) in self.classes else ""
        if isinstance(node, ast.Name):
            last = self.script.settings(node.id, node)
            return self.method_of(last[0].value, depth + 1) if last and last[0].value is not None else ""
        name = (dotted_name(node.func) or "").rpartition(".")[2] if isinstance(node, ast.Call) else ""
        if not isinstance(node, ast.Call) or not node.args:
            return ""
        if name == "partial":
            return self.method_of(node.args[0], depth + 1)
        asked = node.args[1] if name == "getattr" and len(node.args) > 1 else None
        if not isinstance(asked, ast.Constant) or not isinstance(asked.value, str):
            return ""
        return asked.value if self.is_model(node.args[0]) else ""

    def _is_model(self, node: ast.expr, known: set[str] | frozenset[str], depth: int = 0) -> bool:
        if depth > _DEEPEST:
            return False
        if isinstance(node, ast.Call):
            if self.name_of(node.func) in self.classes:
                return True
            function = self.script.functions.get(dotted_name(node.func) or "")
            if function is not None:
                returned = [one.value for one in ast.walk(function) if isinstance(one, ast.Return) and one.value]
                return any(self._is_model(one, known, depth + 1) for one in returned)
            # what changes a model gives it back: YOLO(...).load(...)
            return isinstance(node.func, ast.Attribute) and self._is_model(node.func.value, known, depth + 1)
        if isinstance(node, ast.IfExp):
            return any(self._is_model(one, known, depth + 1) for one in (node.body, node.orelse))
        return (dotted_name(node) or "") in known


def _names_in(node: ast.AST, script: Script) -> Iterator[tuple[str, ast.expr]]:
    """Yield each name that gets a value, with the value: also an argument, a loop's variable, and one of a type."""
    if isinstance(node, ast.Assign):
        yield from ((name, node.value) for target in node.targets if (name := dotted_name(target)))
    elif isinstance(node, (ast.AnnAssign, ast.NamedExpr)) and node.value is not None:
        if name := dotted_name(node.target):
            yield name, node.value
    elif (
        isinstance(node, ast.For) and isinstance(node.target, ast.Name) and isinstance(node.iter, (ast.List, ast.Tuple))
    ):
        yield from ((node.target.id, one) for one in node.iter.elts)
    elif isinstance(node, ast.arg) and node.annotation is not None:
        yield node.arg, ast.Call(node.annotation, [], [])
    elif isinstance(node, ast.Call) and (function := script.functions.get(dotted_name(node.func) or "")):
        yield from zip((one.arg for one in function.args.args), node.args)
        yield from ((one.arg, one.value) for one in node.keywords if one.arg)
