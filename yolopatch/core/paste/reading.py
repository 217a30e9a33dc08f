"""A pasted file: its text as a syntax tree, and the modules in it. It is parsed, never imported."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

from yolopatch.catalog.names import fold, unknown
from yolopatch.core.paste.names import bound
from yolopatch.core.paste.origins.known import WITH_TORCH, is_file_of_pins, is_inside, root_of, upstream_classes
from yolopatch.core.paste.origins.stand_ins import MM
from yolopatch.core.paste.text.post import Place, Post, Renamed, read_post
from yolopatch.core.syntax import classes, method, parse, used_names
from yolopatch.core.text import is_utf16, split_lines
from yolopatch.errors import OpenError, UsageError, YolopatchError
from yolopatch.wire import shell

_TORCH_MODULES = ("nn.", "torch.nn.")
_MOST_CHOICES = 6  # that a hint lists
_IMPORTS = (ast.Import, ast.ImportFrom)
# what a file may name without `nn.`, after `from torch.nn import ...`
_MODULE_NAMES = frozenset({"Module", "Sequential", "ModuleList", "Conv2d", *MM})


@dataclass(frozen=True)
class Pasted:
    """A pasted file.

    Attributes:
        name: of the file, for messages.
        text: its content.
        tree: its syntax tree.
        classes: every top-level class, by name.
        post: what the text was read from; `text` is its Python.
        places: of a text that was made of several, where each of its lines comes from.
        renamed: of such a text, the names that are others than in their files.
    """

    name: str
    text: str
    tree: ast.Module
    classes: Mapping[str, ast.ClassDef]
    post: Post
    places: tuple[Place, ...] = ()
    renamed: tuple[Renamed, ...] = ()

    def place(self, number: int) -> Place:
        """Return where a line of the text comes from, counted from 1."""
        if self.places:
            return self.places[min(number, len(self.places)) - 1]
        return self.post.place(self.name, number)

    def line(self, number: int) -> str:
        """Return a line of the file, counted from 1."""
        return split_lines(self.text)[number - 1].rstrip()

    def bases(self, name: str) -> Iterator[str]:
        """Yield the base classes of a class, and their base classes, as named in the file, nearest first."""
        seen, todo = {name}, [name]
        while todo:
            node = self.classes.get(todo.pop(0))
            for base in map(ast.unparse, node.bases if node else ()):
                yield base
                if base in self.classes and base not in seen:
                    seen.add(base)
                    todo.append(base)

    @cached_property
    def imports(self) -> tuple[tuple[ast.stmt, ast.Import | ast.ImportFrom], ...]:
        """Every import, at any depth, with the statement at the top level that it is in."""
        nodes = ((statement, node) for statement in self.tree.body for node in ast.walk(statement))
        return tuple((statement, node) for statement, node in nodes if isinstance(node, _IMPORTS))

    @cached_property
    def names(self) -> frozenset[str]:
        """The names that it defines or imports at its top level."""
        return frozenset(name for node in self.tree.body for name in bound(node))

    @cached_property
    def defined(self) -> frozenset[str]:
        """The same without those that are imported."""
        return frozenset(name for node in self.tree.body if not isinstance(node, _IMPORTS) for name in bound(node))

    @cached_property
    def functions(self) -> Mapping[str, ast.FunctionDef]:
        """Every function at its top level, by name."""
        return {node.name: node for node in self.tree.body if isinstance(node, ast.FunctionDef)}

    def own_method(self, owner: str, name: str) -> ast.FunctionDef | None:
        """Return the method of this name that a class of the file itself defines."""
        return method(self.classes[owner], name)

    def method(self, owner: str, name: str) -> ast.FunctionDef | None:
        """Return the method of a class: its own, or that of the nearest base class in the file."""
        owners = (one for one in (owner, *self.bases(owner)) if one in self.classes)
        return next((found for one in owners if (found := self.own_method(one, name))), None)

    def is_module(self, name: str) -> bool:
        """Tell whether a class of the file is an nn.Module, directly or through its base classes."""
        outside = (base for base in self.bases(name) if base not in self.classes)
        known = _MODULE_NAMES | upstream_classes() | self._from_other_files
        return any(base.startswith(_TORCH_MODULES) or base in known for base in outside)

    @cached_property
    def _from_other_files(self) -> frozenset[str]:
        """The names that it imports from other files and packages, whose classes are modules as far as one sees."""
        nodes = (node for node in ast.walk(self.tree) if isinstance(node, ast.ImportFrom))
        unseen = (node for node in nodes if not is_file_of_pins(node) and (is_inside(node) or not _is_seen(node)))
        return frozenset(alias.asname or alias.name for node in unseen for alias in node.names)

    @property
    def modules(self) -> tuple[str, ...]:
        """The names of the file's modules, in its order."""
        return tuple(name for name in self.classes if self.is_module(name))

    @property
    def own_modules(self) -> tuple[str, ...]:
        """The same without those of files that were added to it."""
        return tuple(name for name in self.modules if self.place(self.classes[name].lineno).file.startswith(self.name))


def _is_seen(node: ast.ImportFrom) -> bool:
    """Tell whether an import is from Python's library or from what is installed with torch."""
    return root_of(node.module or "") in WITH_TORCH


def read_paste(data: bytes, name: str) -> Pasted:
    """Parse the Python of a pasted file; what else a post has around it is left out.

    Args:
        data: its content.
        name: what to call it.

    Raises:
        YolopatchError: it is not text or not Python; the message has the line.
    """
    post = read_post(_decoded(data, name))
    try:
        tree = parse(post.text)
    except SyntaxError as error:
        raise _no_python(name, post, error) from error
    return Pasted(name, post.text, tree, classes(tree), post)


def with_text(paste: Pasted, text: str) -> Pasted:
    """Return the file with another text, in which every line has the number that it had."""
    tree = parse(text)
    return replace(paste, text=text, tree=tree, classes=classes(tree))


def _decoded(data: bytes, name: str) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        encoding = "UTF-16" if is_utf16(data) else "GB18030"
        raise YolopatchError(
            f"{name} is not UTF-8 text: line {line}",
            details=[f"found: byte 0x{data[error.start]:02x}"],
            hint=f"save it as UTF-8 in your editor, or: iconv -f {encoding} -t UTF-8 {shell.quote(name)} > utf8.py",
        ) from error


def _no_python(name: str, post: Post, error: SyntaxError) -> YolopatchError:
    if error.lineno is None:
        return YolopatchError(f"{name} is not Python code: {error.msg}", hint="copy the code from its source again")
    lines = split_lines(post.text)
    shown = lines[error.lineno - 1].rstrip("\r\n") if error.lineno <= len(lines) else ""
    details = [f"found: {shown}"]
    if error.offset and shown.isascii() and "\t" not in shown:
        details.append(" " * (len("found: ") + error.offset - 1) + "^")
    return YolopatchError(f"{post.place(name, error.lineno)}: {error.msg}", details=details, hint=_syntax_hint(error))


def _syntax_hint(error: SyntaxError) -> str:
    if error.offset is None:
        return "write it in several statements, or as a table"
    if isinstance(error, TabError):
        return "the line mixes tabs and spaces: let your editor convert the file's tabs to spaces"
    if isinstance(error, IndentationError):
        return "indent the line as in the source; posts often lose the spaces before a line"
    return "correct the line, or copy it again; web pages often change quotes, spaces and dashes"


def choose_class(paste: Pasted, wanted: str | None) -> str:
    """Return the class to add.

    Without `wanted`: the class with the name of the file, or else the only class that no other class uses.

    Raises:
        UsageError: the file does not have the class, the class is not a module, or several classes are possible.
        YolopatchError: the file has no module.
    """
    modules = paste.own_modules
    if not modules:
        raise YolopatchError(
            f"{paste.name} has no nn.Module",
            details=[f"classes in it: {', '.join(paste.classes) or 'none'}"],
            hint="name a file with a subclass of torch.nn.Module",
        )
    if wanted is None:
        return _only(paste, modules)
    if wanted not in paste.classes:
        raise unknown(f"class in {paste.name}", wanted, modules, f"--class {modules[0]}")
    if wanted not in paste.modules:
        bases = ", ".join(paste.bases(wanted)) or "nothing"
        raise UsageError(
            f"{wanted} in {paste.name} is not an nn.Module",
            details=[f"its base classes: {bases}", f"modules in the file: {', '.join(modules)}"],
            hint=f"--class {modules[-1]}",
        )
    return wanted


def _only(paste: Pasted, modules: tuple[str, ...]) -> str:
    used = {name for one in modules for name in used_names(paste.classes[one]) if name != one}
    tops = [name for name in modules if name not in used]
    named = [name for name in modules if fold(name) == fold(paste.name.rpartition(".")[0])]
    for only in (named, tops):
        if len(only) == 1:
            return only[0]
    shown = tops or list(modules)
    choices = " or ".join(f"--class {name}" for name in shown)
    raise OpenError(
        "symbol",
        "which class",
        {name: f"line {paste.place(paste.classes[name].lineno).line}" for name in shown},
        f"{paste.name} has {len(shown)} modules, and it is not clear which one to add",
        details=[
            f"found: {', '.join(f'{name} (line {paste.place(paste.classes[name].lineno).line})' for name in shown)}"
        ],
        hint=f"name one: {choices}" if len(shown) <= _MOST_CHOICES else f"name one, e.g. --class {shown[-1]}",
    )
