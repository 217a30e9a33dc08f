"""What a name in a file of a tree means: a definition of the tree, something from outside, or a whole file of it."""

from __future__ import annotations

import ast
import builtins
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from yolopatch.core.fork.folding import decode
from yolopatch.core.fork.names.definitions import STAR, Binding, FileCode
from yolopatch.core.syntax import parse

_LONGEST = 100  # of a chain of files that import a name from the next one


@dataclass(frozen=True)
class Local:
    """A definition of the tree.

    Attributes:
        path: of its file.
        place: its number among the bindings of the file; a file may define a name several times.
        name: as its file has it.
    """

    path: str
    place: int
    name: str


@dataclass(frozen=True)
class Outside:
    """Something that the tree does not have: `from module import attribute`; without an attribute the module itself.

    Attributes:
        module: its full name.
        attribute: of it.
        guessed: whether a star brings it, so that nobody knows whether the module has it.
    """

    module: str
    attribute: str | None
    guessed: bool = field(default=False, compare=False)


@dataclass(frozen=True)
class Whole:
    """A file of the tree, as a name: `ops` after `from ultralytics.utils import ops`."""

    path: str


Meaning = Local | Outside | Whole
_Asked = tuple[str, str, int | None]  # the arguments of `meaning`


@dataclass
class Scope:
    """The Python files of a tree.

    Attributes:
        files: the content of every file, by path.
    """

    files: Mapping[str, bytes]
    _codes: dict[str, FileCode | None] = field(default_factory=dict, init=False)
    _found: dict[_Asked, Meaning | None] = field(default_factory=dict, init=False)
    _open: dict[_Asked, None] = field(default_factory=dict, init=False)  # asked and not answered yet, the latest last
    _circles: set[_Asked] = field(default_factory=set, init=False)  # of these, those that were asked again
    _passing: set[_Asked] = field(default_factory=set, init=False)  # answered without what was open then

    def code(self, path: str) -> FileCode | None:
        """Return a file, parsed; None if the tree has no such file, or it is no Python that this interpreter reads."""
        if path not in self._codes:
            self._codes[path] = self._parsed(path)
        return self._codes[path]

    def _parsed(self, path: str) -> FileCode | None:
        data = self.files.get(path)
        text = None if data is None else decode(path, data)
        if text is None:
            return None
        text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
        try:
            return FileCode(path, text, parse(text))
        except SyntaxError:
            return None

    def file_of(self, module: str) -> str | None:
        """Return the file that an import of this full name reads; None if it is not of the tree.

        The scripts of a fork may put a folder on Python's path: a name that fits the end of one path is found, too.
        """
        stem = module.replace(".", "/")
        for path in (f"{stem}.py", f"{stem}/__init__.py"):
            if path in self.files:
                return path
        if module.split(".")[0] in sys.stdlib_module_names:
            return None
        ends = [path for path in self.files if path.endswith((f"/{stem}.py", f"/{stem}/__init__.py"))]
        return ends[0] if len(ends) == 1 else None

    def place_of_class(self, name: str) -> str:
        """Return the file and the line of the first class of this name in the tree; "" where no file defines one."""
        for code in self._mentioning(name):
            node = code.definitions.get(name)
            if isinstance(node, ast.ClassDef):
                return f"{code.path}:{node.lineno}"
        return ""

    def _mentioning(self, word: str) -> Iterator[FileCode]:
        """Yield the Python files that have a word."""
        paths = (path for path in sorted(self.files) if path.endswith(".py") and word.encode() in self.files[path])
        yield from filter(None, map(self.code, paths))

    def meaning(self, path: str, name: str, before: int | None = None) -> Meaning | None:
        """Return what a name means in a file; None for a builtin, and for a name that is not there.

        Args:
            path: of the file.
            name: as the file has it.
            before: the number of a binding: what the name means when that one is made. None for the file's end.
        """
        asked = (path, name, before)
        if self._is_circle(asked):
            return None
        if asked not in self._found:
            self._open[asked] = None
            self._found[asked] = self._resolve(path, name, before) if len(self._open) < _LONGEST else None
            del self._open[asked]
            self._keep_if_whole(asked)
        return self._found[asked]

    def _is_circle(self, asked: _Asked) -> bool:
        """Tell whether files that import each other have come back to a name: what it means, another way says."""
        if asked not in self._open:
            return False
        self._circles.add(asked)
        return True

    def _keep_if_whole(self, asked: _Asked) -> None:
        """Forget at the end of the outermost question what was answered in a circle: from outside it may be more."""
        self._circles.discard(asked)
        if self._circles:
            self._passing.add(asked)
        if not self._open:
            for one in self._passing:
                del self._found[one]
            self._passing.clear()

    def _resolve(self, path: str, name: str, before: int | None) -> Meaning | None:
        found = self.binding(path, name, before)
        if found is None:
            return None
        place, binding = found
        if binding.module is None:
            return Local(path, place, name)
        meant = self.imported(binding, name)
        is_lost = isinstance(meant, Outside) and meant.guessed and self._is_own(meant.module)
        return (self._only_class(name) if is_lost else None) or meant

    def _is_own(self, module: str) -> bool:
        """Tell whether a module would be in a folder of the tree: one that is not there was not published."""
        folder = module.partition(".")[0]
        return any(path.startswith(f"{folder}/") for path in self.files)

    def _only_class(self, name: str) -> Local | None:
        """Return the class of this name if one file of the tree alone defines it, for a name that nothing brings."""
        homes = [code for code in self._mentioning(name) if isinstance(code.definitions.get(name), ast.ClassDef)]
        places = [n for n, one in enumerate(homes[0].bindings) if one.name == name] if len(homes) == 1 else []
        return Local(homes[0].path, places[-1], name) if places else None

    def binding(self, path: str, name: str, before: int | None = None) -> tuple[int, Binding] | None:
        """Return the last binding of a file that gives a name, with its number; arguments as of `meaning`."""
        code = self.code(path)
        if code is None:
            return None
        unknown: tuple[int, Binding] | None = None
        for place in range((len(code.bindings) if before is None else before) - 1, -1, -1):
            one = code.bindings[place]
            if one.name == name:
                if one.attribute == name and self.file_of(one.module or "") == path:
                    continue  # a file that imports from itself: what it has of this name above
                return place, one
            if one.name == STAR:
                target = self.file_of(one.module or "")
                if target == path:
                    continue
                if target is not None and self.exports(target, name) and not self._is_guess(target, name):
                    return place, one
                may_bring = self.exports(target, name) if target is not None else not name.startswith("_")
                if may_bring and unknown is None:
                    unknown = (place, one)  # `from torch import *`: any name may come from it
        return None if hasattr(builtins, name) else unknown

    def exports(self, path: str, name: str) -> bool:
        """Tell whether `from file import *` brings a name."""
        code = self.code(path)
        if code is None:
            return False
        if code.exported is not None:
            return name in code.exported
        return not name.startswith("_") and self.meaning(path, name) is not None

    def _is_guess(self, path: str, name: str) -> bool:
        """Tell whether a file has a name only if a module that is not of the tree brings it with a star."""
        found = self.meaning(path, name)
        return isinstance(found, Outside) and found.guessed

    def imported(self, binding: Binding, name: str) -> Meaning | None:
        """Return what an import binds; `name` is the one that is asked for, of a star."""
        module = binding.module or ""
        attribute = name if binding.attribute == STAR else binding.attribute
        target = self.file_of(module)
        if attribute is None:
            return Whole(target) if target else Outside(module, None)
        if target is None:
            inner = self.file_of(f"{module}.{attribute}")
            return Whole(inner) if inner else Outside(module, attribute, guessed=binding.attribute == STAR)
        if self._is_circle((target, attribute, None)):
            return None
        found = self.meaning(target, attribute)
        if found is None:
            inner = self.file_of(f"{module}.{attribute}")
            return Whole(inner) if inner else None
        return found
