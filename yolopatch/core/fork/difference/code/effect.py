"""Code without what changes nothing that it computes: docstrings, type hints, prints, logs, the texts of errors.

What is written in several ways has one here: `x in (a, b)` and `x in {b, a}`, `dict()` and `{}`.
"""

from __future__ import annotations

import ast
import copy
import re
from collections.abc import Mapping, Sequence

from yolopatch.core.fork.folding import canonical
from yolopatch.core.fork.names.references import dotted_name

_LOGS = ("LOGGER", "logger", "logging", "log", "warnings")
_PRINTS = ("print", "pprint")


def effective(tree: ast.Module, renamed: Mapping[str, str]) -> ast.Module:
    """Return a file's tree without what changes nothing; the tree itself is changed.

    Args:
        renamed: the new name of each definition that has another one in the tree that this is compared with.
    """
    stripped = _Stripper(renamed).visit(tree)
    assert isinstance(stripped, ast.Module)
    return stripped


def effective_definition(node: ast.stmt, renamed: Mapping[str, str]) -> ast.Module:
    """Return a definition as a file of its own without what changes nothing; the node is not changed."""
    return effective(ast.Module([copy.deepcopy(node)], []), renamed)


def with_names(tree: ast.Module, names: Mapping[str, str]) -> ast.Module:
    """Return a file's tree in which definitions have other names; the tree itself is changed."""
    named = _Renamer(names).visit(tree)
    assert isinstance(named, ast.Module)
    return named


def is_quiet(node: ast.stmt) -> bool:
    """Tell whether a statement only prints, logs or imports, or does nothing at all."""
    if isinstance(node, ast.Pass | ast.Import | ast.ImportFrom):
        return True  # an import binds a name, and names are followed to what they mean
    if isinstance(node, ast.Expr):
        return isinstance(node.value, ast.Constant | ast.Name) or _prints(node.value)
    if isinstance(node, ast.If):
        return all(map(is_quiet, (*node.body, *node.orelse)))
    return False


def _prints(node: ast.expr) -> bool:
    name = dotted_name(node.func) if isinstance(node, ast.Call) else None
    if name is None:
        return False
    first, _, last = name.rpartition(".")
    return name in _PRINTS or first.split(".")[-1] in _LOGS or (first == "" and last in _LOGS)


class _Renamer(ast.NodeTransformer):
    def __init__(self, names: Mapping[str, str]) -> None:
        self._names = names

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        return self._named(node)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> ast.AST:
        return self._named(node)

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        return self._named(node)

    def visit_Name(self, node: ast.Name) -> ast.AST:
        node.id = self._names.get(node.id, node.id)
        return node

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        self.generic_visit(node)
        node.attr = self._names.get(node.attr, node.attr)
        return node

    def visit_Constant(self, node: ast.Constant) -> ast.AST:
        if isinstance(node.value, str):
            node.value = self._names.get(node.value, node.value)
        return node

    def _named(self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> ast.AST:
        node.name = self._names.get(node.name, node.name)
        return self.generic_visit(node)


# Pictures in texts, and what chooses how they look: editors on Windows and copies without UTF-8 lose them.
_PICTURES = re.compile("[\u2600-\u27bf\u2b00-\u2bff\ufe0f\u200d\U0001f000-\U0001faff]+")
_GAP = re.compile(r"(?<=\S) {2,}(?=\S|$)")


_WORDS = re.compile(r"[^\W\d_]{3}")  # a text of signs alone may be a separator


def _without_pictures(text: str) -> str:
    """Return a text without pictures, and with one space where they leave two."""
    return _GAP.sub(" ", _PICTURES.sub("", text)) if _WORDS.search(text) else text


class _Stripper(_Renamer):
    def __init__(self, names: Mapping[str, str]) -> None:
        super().__init__(names)
        self._around: list[ast.AST] = []  # the classes and functions around the node

    def visit_Constant(self, node: ast.Constant) -> ast.AST:
        super().visit_Constant(node)
        if isinstance(node.value, str):
            node.value = _without_pictures(node.value)
        return node

    def _named(self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> ast.AST:
        self._around.append(node)
        found = super()._named(node)
        self._around.pop()
        return found

    def generic_visit(self, node: ast.AST) -> ast.AST:
        """Leave out the statements that do nothing from every body."""
        super().generic_visit(node)
        for name in ("body", "orelse", "finalbody"):
            body = getattr(node, name, None)
            if isinstance(body, list):
                setattr(node, name, _loud(body))
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        node.returns = None
        return self._named(node)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> ast.AST:
        node.returns = None
        return self._named(node)

    def visit_arg(self, node: ast.arg) -> ast.AST:
        node.annotation = None
        return node

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST:
        self.generic_visit(node)
        if node.value is None:
            return node
        return ast.copy_location(ast.Assign([node.target], node.value), node)

    def visit_Raise(self, node: ast.Raise) -> ast.AST:
        self.generic_visit(node)
        if isinstance(node.exc, ast.Call):
            node.exc = node.exc.func
        return node

    def visit_Assert(self, node: ast.Assert) -> ast.AST:
        node.msg = None
        return self.generic_visit(node)

    def visit_Compare(self, node: ast.Compare) -> ast.AST:
        self.generic_visit(node)
        if len(node.ops) == 1 and isinstance(node.ops[0], (ast.In, ast.NotIn)):
            members = node.comparators[0]
            if isinstance(members, (ast.List, ast.Tuple, ast.Set)) and members.elts:
                return _membership(node, members.elts, isinstance(node.ops[0], ast.In))
        return node

    def visit_Set(self, node: ast.Set) -> ast.AST:
        self.generic_visit(node)
        node.elts.sort(key=canonical)
        return node

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        name = dotted_name(node.func)
        if name == "dict" and not node.args and all(keyword.arg for keyword in node.keywords):
            keys: list[ast.expr | None] = [ast.copy_location(ast.Constant(one.arg), one.value) for one in node.keywords]
            return ast.copy_location(ast.Dict(keys, [one.value for one in node.keywords]), node)
        if name == "super" and len(node.args) == 2 and self._is_own_super(*node.args):
            node.args = []
        if name == "list" and not node.args and not node.keywords:
            return ast.copy_location(ast.List([], ast.Load()), node)
        if name == "isinstance" and len(node.args) == 2 and isinstance(node.args[1], ast.Tuple):
            classes = node.args[1]
            classes.elts.sort(key=canonical)
            node.args[1] = classes.elts[0] if len(classes.elts) == 1 else classes
        return node

    def _is_own_super(self, cls: ast.expr, self_: ast.expr) -> bool:
        """Tell whether a method writes `super(Its, self)` where `super()` says the same."""
        match self._around[-2:]:
            case [ast.ClassDef(name=own), ast.FunctionDef(args=arguments)]:
                first = next(iter((*arguments.posonlyargs, *arguments.args)), None)
                return dotted_name(cls) == own and first is not None and dotted_name(self_) == first.arg
        return False


def _membership(node: ast.Compare, members: list[ast.expr], is_in: bool) -> ast.Compare:
    """Return a test for members of a list in one form: of one member, for it; else of a set in one order."""
    if len(members) > 1:
        node.comparators = [ast.copy_location(ast.Set(sorted(members, key=canonical)), node.comparators[0])]
        return node
    is_value = isinstance(members[0], ast.Constant)
    node.ops = [(ast.Eq() if is_in else ast.NotEq()) if is_value else (ast.Is() if is_in else ast.IsNot())]
    node.comparators = members
    return node


def _loud(body: Sequence[ast.stmt]) -> list[ast.stmt]:
    return [node for node in body if not is_quiet(node)]
