"""A pasted file: its text as a syntax tree, and the modules in it. It is parsed, never imported."""

from __future__ import annotations

import ast
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from yolopatch.catalog.names import fold, unknown
from yolopatch.core.paste.layers import NORMED
from yolopatch.core.syntax import classes, method, used_names
from yolopatch.core.text import split_lines
from yolopatch.errors import OpenError, UsageError, YolopatchError

_TORCH_MODULES = ("nn.", "torch.nn.")
# what a file may name without `nn.`, after `from torch.nn import ...`
_MODULE_NAMES = frozenset({"Module", "Sequential", "ModuleList", "Conv2d"})
# Upstream's, of which a file's class is made; those that the file defines itself are looked at instead.
_UPSTREAMS = NORMED | {"C2fAttn", "CBAM", "GhostBottleneck"}


@dataclass(frozen=True)
class Pasted:
    """A file that was pasted.

    Attributes:
        name: of the file, as messages have it.
        text: its content.
        tree: the same, parsed.
        classes: every class at its top level, by name.
    """

    name: str
    text: str
    tree: ast.Module
    classes: Mapping[str, ast.ClassDef]

    def line(self, number: int) -> str:
        """Return a line of the file, counted from 1."""
        return split_lines(self.text)[number - 1].rstrip()

    def bases(self, name: str) -> Iterator[str]:
        """Yield the bases of a class, and theirs, as the file writes them, nearest first."""
        seen, todo = {name}, [name]
        while todo:
            node = self.classes.get(todo.pop(0))
            for base in map(ast.unparse, node.bases if node else ()):
                yield base
                if base in self.classes and base not in seen:
                    seen.add(base)
                    todo.append(base)

    @cached_property
    def functions(self) -> Mapping[str, ast.FunctionDef]:
        """Every function at its top level, by name."""
        return {node.name: node for node in self.tree.body if isinstance(node, ast.FunctionDef)}

    def own_method(self, owner: str, name: str) -> ast.FunctionDef | None:
        """Return the method of this name that a class of the file itself defines."""
        return method(self.classes[owner], name)

    def method(self, owner: str, name: str) -> ast.FunctionDef | None:
        """Return the method of this name that a class of the file has: its own, or that of the nearest base here."""
        owners = (one for one in (owner, *self.bases(owner)) if one in self.classes)
        return next((found for one in owners if (found := self.own_method(one, name))), None)

    def is_module(self, name: str) -> bool:
        """Tell whether a class of the file is a module of torch's, by itself or through what it derives from."""
        outside = (base for base in self.bases(name) if base not in self.classes)
        return any(base.startswith(_TORCH_MODULES) or base in _MODULE_NAMES | _UPSTREAMS for base in outside)

    @property
    def modules(self) -> tuple[str, ...]:
        """The names of the file's modules, in its order."""
        return tuple(name for name in self.classes if self.is_module(name))


def read_paste(data: bytes, name: str) -> Pasted:
    """Parse a file.

    Args:
        data: its content.
        name: what to call it.

    Raises:
        YolopatchError: it is no text, or no Python; the line is shown.
    """
    text = _decoded(data, name)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # old escapes are its author's matter
            tree = ast.parse(text)
    except (SyntaxError, ValueError) as error:
        raise _no_python(name, text, error) from error
    return Pasted(name, text, tree, classes(tree))


def _decoded(data: bytes, name: str) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise YolopatchError(
            f"{name} is no UTF-8 text: line {line}",
            details=[f"found: byte 0x{data[error.start]:02x}"],
            hint="save it as UTF-8 in your editor, or: iconv -f GB18030 -t UTF-8",
        ) from error


def _no_python(name: str, text: str, error: SyntaxError | ValueError) -> YolopatchError:
    if not isinstance(error, SyntaxError) or error.lineno is None:
        return YolopatchError(f"{name} is no Python: {error}", hint="paste it again from where it comes from")
    lines = split_lines(text)
    shown = lines[error.lineno - 1].rstrip("\r\n") if error.lineno <= len(lines) else ""
    details = [f"found: {shown}"]
    if error.offset and shown.isascii() and "\t" not in shown:
        details.append(" " * (len("found: ") + error.offset - 1) + "^")
    return YolopatchError(f"{name}, line {error.lineno}: {error.msg}", details=details, hint=_mend(error))


def _mend(error: SyntaxError) -> str:
    if isinstance(error, TabError):
        return "the line mixes tabs and spaces: let your editor convert the file's tabs to spaces"
    if isinstance(error, IndentationError):
        return "indent it as where it comes from; posts often lose the spaces before a line"
    return "mend the line, or paste it again; web pages often change quotes, spaces and dashes"


def choose_class(paste: Pasted, wanted: str | None) -> str:
    """Return the class that is meant.

    Where none is named: the one that the file is named after, else the only one that no other of them is made with.

    Raises:
        UsageError: the file has no such class, or it is no module, or none is named and several may be meant.
        YolopatchError: the file has no module at all.
    """
    modules = paste.modules
    if not modules:
        raise YolopatchError(
            f"{paste.name} has no nn.Module",
            details=[f"classes in it: {', '.join(paste.classes) or 'none'}"],
            hint="name a file with a class that derives from torch.nn.Module",
        )
    if wanted is None:
        return _only(paste, modules)
    if wanted not in paste.classes:
        raise unknown(f"class in {paste.name}", wanted, modules, f"--class {modules[0]}")
    if wanted not in modules:
        bases = ", ".join(paste.bases(wanted)) or "nothing"
        raise UsageError(
            f"{wanted} in {paste.name} is no nn.Module",
            details=[f"it derives from: {bases}", f"modules in the file: {', '.join(modules)}"],
            hint=f"--class {modules[-1]}",
        )
    return wanted


def _only(paste: Pasted, modules: tuple[str, ...]) -> str:
    used = {name for one in modules for name in used_names(paste.classes[one]) if name != one}
    tops = [name for name in modules if name not in used]
    named = [name for name in modules if fold(name) == fold(paste.name.removesuffix(".py"))]
    for only in (named, tops):
        if len(only) == 1:
            return only[0]
    shown = tops or list(modules)
    raise OpenError(
        "symbol",
        "which class",
        {name: f"line {paste.classes[name].lineno}" for name in shown},
        f"{paste.name} has {len(shown)} modules that may be meant",
        details=[f"found: {', '.join(f'{name} (line {paste.classes[name].lineno})' for name in shown)}"],
        hint=f"name one: --class {shown[-1]}",
    )
