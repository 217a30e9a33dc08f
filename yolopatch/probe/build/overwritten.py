"""Find in the source of classes, or in their bytecode, the attributes that parse_model writes on every layer."""

from __future__ import annotations

import ast
import dis
import inspect
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from types import CodeType
from typing import Any

from ...wire.arguments import OVERWRITTEN

_SETTERS = {"setattr", "delattr", "register_buffer", "register_parameter", "register_module", "add_module"}
_HOW = {"STORE_ATTR": "store", "DELETE_ATTR": "store", "LOAD_ATTR": "read", "LOAD_METHOD": "read"}


@dataclass(frozen=True)
class Use:
    """One line where a class uses such a name: `how` is `store`, `define` or `read`; `file` is the file's name."""

    name: str
    how: str
    file: str
    line: int


def uses(cls: type, known: Collection[type] = ()) -> list[Use]:
    """Return where a class, or a class it derives from, uses a name of OVERWRITTEN.

    Args:
        cls: a module's class.
        known: classes to leave out; torch's own and builtin ones are always left out.
    """
    return [use for each in cls.__mro__ if each not in known and not _is_foreign(each) for use in _uses_of(each)]


def _is_foreign(cls: type) -> bool:
    return cls is object or cls.__module__.partition(".")[0] in ("torch", "builtins", "abc", "typing")


def _uses_of(cls: type) -> list[Use]:
    try:
        file = str(inspect.getsourcefile(cls))
        tree = _classes_in(file).get(cls.__qualname__)
    except (OSError, TypeError, SyntaxError):  # made at run time, or its file is gone
        tree = None
    if tree is None:
        return sorted(set(_in_code(cls)), key=lambda use: use.line)
    found = {Use(name, how, Path(file).name, line) for name, how, line in _in_class(tree)}
    return sorted(found, key=lambda use: use.line)


@lru_cache
def _classes_in(file: str) -> dict[str, ast.ClassDef]:
    """Return the classes of a file by qualified name. It reads a file once; inspect reads it for every class."""
    return dict(_classes(ast.parse(Path(file).read_text(encoding="utf-8")), ""))


def _classes(tree: ast.AST, prefix: str) -> Iterator[tuple[str, ast.ClassDef]]:
    for node in ast.iter_child_nodes(tree):
        inside = prefix
        if isinstance(node, ast.ClassDef):
            yield prefix + node.name, node
            inside = f"{prefix}{node.name}."
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            inside = f"{prefix}{node.name}.<locals>."
        yield from _classes(node, inside)


def _in_class(tree: ast.ClassDef) -> Iterator[tuple[str, str, int]]:
    """Yield (name, how, line) for the body of a class."""
    for node in tree.body:
        yield from ((name, "define", node.lineno) for name in _defined(node) if name in OVERWRITTEN)
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            arguments = [*node.args.posonlyargs, *node.args.args]
            if arguments:
                yield from _in_method(node, arguments[0].arg)


def _defined(node: ast.stmt) -> list[str]:
    """Return the names that a statement of a class body defines; an annotation without a value defines none."""
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        return [node.name]
    targets: list[ast.expr] = node.targets if isinstance(node, ast.Assign) else []
    if isinstance(node, ast.AnnAssign):
        targets = [node.target]
    return [n.id for target in targets for n in ast.walk(target) if isinstance(n, ast.Name)]


def _in_method(function: ast.FunctionDef | ast.AsyncFunctionDef, owner: str) -> Iterator[tuple[str, str, int]]:
    for node in ast.walk(function):
        if isinstance(node, ast.Attribute) and node.attr in OVERWRITTEN and _is_name(node.value, owner):
            yield node.attr, "read" if isinstance(node.ctx, ast.Load) else "store", node.lineno
        elif isinstance(node, ast.Call):
            yield from _in_call(node, owner)


def _in_call(node: ast.Call, owner: str) -> Iterator[tuple[str, str, int]]:
    """Yield the uses in `setattr(self, "f", ...)`, `self.register_buffer("f", ...)` and similar calls."""
    texts: list[Any] = [a.value for a in node.args[:2] if isinstance(a, ast.Constant) and a.value in OVERWRITTEN]
    texts += [k.value.value for k in node.keywords if k.arg == "name" and isinstance(k.value, ast.Constant)]
    name = getattr(node.func, "attr", None) or getattr(node.func, "id", None)
    on_owner = _is_name(getattr(node.func, "value", None), owner) or bool(node.args and _is_name(node.args[0], owner))
    if on_owner and texts and texts[0] in OVERWRITTEN:
        if name in _SETTERS:
            yield texts[0], "store", node.lineno
        elif name in ("getattr", "hasattr"):
            yield texts[0], "read", node.lineno


def _is_name(node: ast.AST | None, name: str) -> bool:
    return isinstance(node, ast.Name) and node.id == name


def _in_code(cls: type) -> Iterator[Use]:
    """Yield the uses of a class without source, from the bytecode of its methods."""
    for name, value in vars(cls).items():
        code = _code_of(value)
        if name in OVERWRITTEN:
            yield Use(name, "define", cls.__module__, getattr(code, "co_firstlineno", 0))
        if code is not None and code.co_argcount:
            yield from _in_instructions(code, cls.__module__)


def _code_of(value: Any) -> CodeType | None:
    """Return the code of a method or a property, None for anything else."""
    function = getattr(value, "fget", None) or getattr(value, "__func__", value)
    code = getattr(inspect.unwrap(function), "__code__", None) if callable(function) else None
    return code if isinstance(code, CodeType) else None


def _in_instructions(code: CodeType, file: str) -> Iterator[Use]:
    owner, line, before = code.co_varnames[0], code.co_firstlineno, None
    for instruction in dis.get_instructions(code):
        line = _line(instruction) or line
        if instruction.opname in _HOW and instruction.argval in OVERWRITTEN and _loads(before, owner):
            yield Use(instruction.argval, _HOW[instruction.opname], file, line)
        before = instruction


def _loads(instruction: dis.Instruction | None, name: str) -> bool:
    """Return whether an instruction puts a variable on top of the stack; newer Pythons may load two at once."""
    value = getattr(instruction, "argval", None)
    return bool(value == name or (isinstance(value, tuple) and value[-1] == name))


def _line(instruction: dis.Instruction) -> int | None:
    """Return an instruction's line; from Python 3.13 on it has another name."""
    found = getattr(instruction, "line_number", None) or instruction.starts_line
    return found if isinstance(found, int) and not isinstance(found, bool) else None
