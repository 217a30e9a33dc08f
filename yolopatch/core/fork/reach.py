"""What a model's YAML needs of a fork's code: the classes of its rows, and all that they name, and so on."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeGuard

from yolopatch.core.fork.names.definitions import Definition
from yolopatch.core.fork.names.references import dotted_name
from yolopatch.core.fork.names.tree_code import TreeCode

# where the file of an upstream lies that makes layers of a YAML's rows
PARSERS = {"ultralytics": "ultralytics/nn/tasks.py", "yolov5": "models/yolo.py"}
PARSER = "parse_model"


@dataclass(frozen=True)
class Reach:
    """What models need of a fork.

    Attributes:
        cfgs: the paths of their YAMLs.
        rows: what the rows name, and all that it needs.
        definitions: those, and what the branches of parse_model for these rows need.
        unknown: names of rows that mean nothing where parse_model looks: such a model cannot be built.
    """

    cfgs: tuple[str, ...]
    rows: frozenset[Definition]
    definitions: frozenset[Definition]
    unknown: tuple[str, ...] = ()

    def __contains__(self, definition: Definition) -> bool:
        return definition in self.definitions


def reached(code: TreeCode, upstream: str, cfgs: Mapping[str, object]) -> Reach:
    """Return what models need of a fork.

    Args:
        code: the fork's Python files.
        upstream: `ultralytics` or `yolov5`.
        cfgs: the content of each YAML as plain values, by its path.
    """
    parser = PARSERS[upstream]
    names = {name for content in cfgs.values() for name in row_names(content)}
    known = {name: code.meaning(parser, name) for name in names}
    rows = code.closure(one for one in known.values() if isinstance(one, Definition))
    branches = code.closure(_of_branches(code, parser, names))
    modules = {name for content in cfgs.values() for name in module_names(content)}
    unknown = (name for name in modules if known.get(name) is None and not _is_of_torch(name))
    return Reach(tuple(cfgs), rows, rows | branches, tuple(sorted(unknown)))


def module_names(content: object) -> Iterator[str]:
    """Yield the name of the module of each row of a model's YAML.

    Some forks write a key of the file instead, `node_mode`, whose value is the module.
    """
    keys = content if isinstance(content, dict) else {}
    for row in _rows(content):
        if len(row) > 2 and isinstance(row[2], str):
            value = keys.get(row[2])
            yield value if isinstance(value, str) else row[2]


def row_names(content: object) -> Iterator[str]:
    """Yield each text in a model's YAML that can be the name of a module: modules, arguments, and values of keys."""
    keys = content.values() if isinstance(content, dict) else ()
    texts = [*(value for value in keys if isinstance(value, str))]
    texts += [text for row in _rows(content) for text in _texts(row[2:])]
    yield from (text for text in texts if text.replace(".", "").replace("_", "").isalnum())


def _rows(content: object) -> Iterator[list[object]]:
    if isinstance(content, dict):
        for part in ("backbone", "neck", "head"):
            rows = content.get(part)
            yield from (row for row in (rows if isinstance(rows, list) else ()) if isinstance(row, list))


def _texts(values: Iterable[object]) -> Iterator[str]:
    for value in values:
        if isinstance(value, str):
            yield value
        elif isinstance(value, list):
            yield from _texts(value)
        elif isinstance(value, dict):
            yield from _texts(value.values())


def _is_of_torch(name: str) -> bool:
    return name.startswith(("nn.", "torch.", "torchvision."))


def _of_branches(code: TreeCode, parser: str, names: set[str]) -> frozenset[Definition]:
    """Return what the parser names where it makes these rows: branches for other classes are left out."""
    function = code.definitions(parser).get(PARSER)
    if function is None:
        return frozenset()
    lists = _lists([*code.definitions(parser).values(), *ast.walk(function)])
    return code.used_by(parser, *_running(function, _Rows(names, lists)))


@dataclass(frozen=True)
class _Rows:
    """The names that rows have, and the lists of classes that tests in the parser name."""

    names: set[str]
    lists: Mapping[str, set[str]]

    def may_pass(self, test: ast.expr) -> bool:
        """Tell whether a test on `m` names the class of a row."""
        named = _names_in(test)
        return not self.names.isdisjoint(named.union(*(self.lists.get(name, ()) for name in named)))


def _lists(nodes: Iterable[ast.AST]) -> dict[str, set[str]]:
    """Return the classes in each list of classes that has a name."""
    found: dict[str, set[str]] = {}
    for node in nodes:
        if isinstance(node, ast.Assign) and _is_list(node.value) and isinstance(node.targets[0], ast.Name):
            found[node.targets[0].id] = _names_in(node.value)
    return found


def _running(node: ast.AST, rows: _Rows) -> Iterator[ast.AST]:
    """Yield the smallest pieces of code that run for these rows."""
    if isinstance(node, ast.If) and _is_of_class(node.test):
        for part in (*(node.body if rows.may_pass(node.test) else ()), *node.orelse):
            yield from _running(part, rows)
    elif isinstance(node, ast.For | ast.FunctionDef | ast.If | ast.Try | ast.With):
        for child in ast.iter_child_nodes(node):
            yield from _running(child, rows)
    elif not isinstance(node, ast.Assign) or not _is_list(node.value):
        yield from _without_questions(node)


def _without_questions(node: ast.AST) -> Iterator[ast.AST]:
    """Yield code without its questions which class `m` is: they need none of the classes that they name."""
    if not any(map(_asks, ast.walk(node))):
        yield node
    elif not _asks(node):
        for child in ast.iter_child_nodes(node):
            yield from _without_questions(child)


def _is_list(node: ast.expr) -> bool:
    """Tell whether this is a list of classes: which of them is meant, tests on `m` say."""
    name = dotted_name(node.func) if isinstance(node, ast.Call) else None
    return isinstance(node, ast.Set | ast.Tuple | ast.List) or name in ("frozenset", "set", "tuple")


def _is_of_class(test: ast.expr) -> bool:
    """Tell whether a test asks which class `m` is."""
    return any(_asks(part) and isinstance(part.ops[0], ast.In | ast.Is | ast.Eq) for part in ast.walk(test))


def _asks(node: ast.AST) -> TypeGuard[ast.Compare]:
    return isinstance(node, ast.Compare) and dotted_name(node.left) == "m"


def _names_in(node: ast.AST) -> set[str]:
    found = (dotted_name(part) for part in ast.walk(node))
    return {name for name in found if name}
