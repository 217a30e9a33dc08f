"""What the parse_model of a tree does with one row: its loop, with every test on the class of the row evaluated."""

from __future__ import annotations

import ast
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from yolopatch.core.code.anchors import only
from yolopatch.core.code.parser_branch import sets_in, specialised
from yolopatch.core.fork.rebuild.scope import Local, Scope
from yolopatch.core.fork.rebuild.uses import bound_names
from yolopatch.core.syntax import source_of
from yolopatch.core.text import split_lines

_DEPTH, _MADE = "n_", "m_"  # what the loop calls the repeats, and the module that it made


@dataclass(frozen=True)
class Treatment:
    """The code between the depth gain of a row and the call of its class.

    Attributes:
        code: the code.
        makes: whether the code itself calls the class, as for a backbone.
    """

    code: tuple[ast.stmt, ...]
    makes: bool


@dataclass(frozen=True)
class Parser:
    """The function parse_model of a tree.

    Attributes:
        scope: the files of the tree.
        path: of the file with it.
        function: its syntax tree.
    """

    scope: Scope
    path: str
    function: ast.FunctionDef

    @classmethod
    def of(cls, scope: Scope, path: str) -> Parser:
        """Return the parser of a tree.

        Raises:
            AnchorNotFound: the file has no parse_model, or it has no loop over layers.
        """
        code = scope.code(path)
        body = code.tree.body if code else []
        nodes = [node for node in body if isinstance(node, ast.FunctionDef) and node.name == "parse_model"]
        found = cls(scope, path, only(nodes[-1:], "the function parse_model", path))  # Python takes the last one
        assert found.loop  # it is there, or this raises
        return found

    @cached_property
    def loop(self) -> ast.For:
        """The loop over the rows."""
        loops = [node for node in self.function.body if isinstance(node, ast.For) and _is_over_rows(node)]
        expected = "a loop that names the parts of a row f, n, m and args, as upstream's"
        return only(loops, expected, f"{self.path}, parse_model")

    @cached_property
    def locals(self) -> frozenset[str]:
        """The names that the function binds."""
        arguments = self.function.args
        return frozenset(
            {one.arg for one in (*arguments.args, *arguments.kwonlyargs)} | bound_names(self.function.body)
        )

    @cached_property
    def constants(self) -> dict[str, ast.expr]:
        """The names that the function gives a constant before the loop, its arguments with a default among them."""
        arguments = self.function.args
        defaults = arguments.args[len(arguments.args) - len(arguments.defaults) :]
        found: dict[str, ast.expr] = {one.arg: value for one, value in zip(defaults, arguments.defaults)}
        for node in self.function.body:
            if node is self.loop:
                break
            if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant):
                found |= {target.id: node.value for target in node.targets if isinstance(target, ast.Name)}
        return found

    @cached_property
    def named(self) -> Mapping[str, frozenset[str]]:
        """The named sets of classes in the file, in the function, and in the loop."""
        code = self.scope.code(self.path)
        assert code is not None
        alone = {name: frozenset({name}) for name in self._tested_alone()}
        return sets_in(self.loop.body, sets_in(self.function.body, sets_in(code.tree.body, alone)))

    def _tested_alone(self) -> Iterator[str]:
        """Yield the classes C in tests `m in (C)`, which have lost the comma of a tuple."""
        for node in ast.walk(self.loop):
            if isinstance(node, ast.Compare) and isinstance(node.ops[0], ast.In | ast.NotIn):
                right = node.comparators[0]
                if isinstance(right, ast.Name) and self.is_class(right.id):
                    yield right.id

    def is_class(self, name: str) -> bool:
        """Tell whether a name means a class or a function in the file."""
        found = self.scope.meaning(self.path, name)
        if not isinstance(found, Local):
            return False
        code = self.scope.code(found.path)
        assert code is not None
        return isinstance(code.bindings[found.place].node, ast.ClassDef | ast.FunctionDef)

    def treatment(self, name: str) -> Treatment:
        """Return what the loop does with rows of a class, between their depth gain and the call of the class."""
        body = specialised(self.loop.body, name, self.named)
        start = max((k for k, node in enumerate(body) if _gains_depth(node) and not _makes(node)), default=-1)
        end = next((k for k, node in enumerate(body) if _makes(node)), len(body))
        early = [node for node in body[: max(start, 0)] if not _reads_row(node)]
        code = tuple(node for node in (*early, *body[start + 1 : end]) if not _is_silent(node))
        return Treatment(code, any("m" in bound_names([node]) for node in code))

    def beside(self, name: str) -> frozenset[str]:
        """Return the classes that some set or tuple of the file has together with this one."""
        code = self.scope.code(self.path)
        assert code is not None
        groups = [node.elts for node in ast.walk(code.tree) if isinstance(node, ast.Tuple | ast.Set | ast.List)]
        found = [frozenset(map(ast.unparse, group)) for group in groups]
        return frozenset().union(*(group for group in (*found, *self.named.values()) if name in group))


def _is_over_rows(node: ast.For) -> bool:
    return {"f", "n", "m", "args"} <= bound_names([node.target])


def _gains_depth(node: ast.stmt) -> bool:
    """Tell whether a statement scales the repeats of a row; yolov5 5.0 and what began from it has no `n_` for them."""
    names = bound_names([node])
    if _DEPTH in names or names != {"n"} or not isinstance(node, ast.Assign):
        return _DEPTH in names
    return any(isinstance(one, ast.Name) and one.id == "n" for one in ast.walk(node.value))


def _makes(node: ast.stmt) -> bool:
    return _MADE in bound_names([node])


def _reads_row(node: ast.stmt) -> bool:
    """Tell whether this is a step by which every parser reads a row: the class by its name, and texts as values."""
    bound = bound_names([node])
    return "m" in bound or (isinstance(node, ast.For) and "args" in ast.unparse(node.iter))


def _is_silent(node: ast.stmt) -> bool:
    """Tell whether a statement only says something: `t` is the name of the class, for the table of layers."""
    if bound_names([node]) == {"t"}:
        return True
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        return True
    called = node.value.func if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call) else None
    return called is not None and ast.unparse(called).split(".")[0] in ("print", "LOGGER", "logger")


def written(parser: Parser, code: Sequence[ast.stmt]) -> list[str]:
    """Return code as lines of text, as its author wrote it if it can be: what `ast` writes depends on its version."""
    found = parser.scope.code(parser.path)
    assert found is not None
    return _written(split_lines(found.text), code)


def _written(lines: Sequence[str], code: Sequence[ast.stmt]) -> list[str]:
    done: list[str] = []
    for node in code:
        if isinstance(node, ast.If):
            done.append(f"if {_test(lines, node.test)}:")
            done += [f"    {line}" for line in _written(lines, node.body) or ["pass"]]
            if node.orelse:
                done += ["else:", *(f"    {line}" for line in _written(lines, node.orelse))]
        else:
            done += textwrap.dedent(" " * node.col_offset + source_of(lines, node)).splitlines()
    return done


def _test(lines: Sequence[str], node: ast.expr) -> str:
    # parts of the test may have been evaluated, and one of several lines has lost the brackets around it
    is_changed = isinstance(node, ast.BoolOp) or node.end_lineno != node.lineno
    return ast.unparse(node) if is_changed else source_of(lines, node)
