"""What a fork changes beside its architecture, as new texts of a workspace's files: the definitions of chosen areas."""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from yolopatch.core.fork.changes import ADDED, ARCHITECTURE, CHANGED, REMOVED, FileChange, Part
from yolopatch.core.fork.names.definitions import Binding, FileCode
from yolopatch.core.fork.rebuild.constructors import Unset, bound, constructor_of, unset
from yolopatch.core.fork.rebuild.mirror import Mirror
from yolopatch.core.fork.rebuild.sameness import Sameness
from yolopatch.core.fork.rebuild.scope import Local, Outside, Scope, Whole
from yolopatch.core.fork.rebuild.uses import uses
from yolopatch.core.syntax import module_name
from yolopatch.core.text import split_lines

_DEFINITIONS = (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
_WITHOUT_MEMBERS = frozenset({"nn.Module", "torch.nn.Module", "Module", "object"})  # none that a fork would define


@dataclass(frozen=True)
class AreaFiles:
    """The files of one area.

    Attributes:
        area: one of AREAS.
        files: the new text of each file, by path.
        parts: what was taken, with the paths of their files.
        lacking: what of it cannot work in this release, a sentence each.
    """

    area: str
    files: Mapping[str, str]
    parts: tuple[tuple[str, Part], ...]
    lacking: tuple[str, ...]


def area_files(
    name: str,
    current: Mapping[str, bytes],
    fork: Mapping[str, bytes],
    changes: Sequence[FileChange],
    areas: Collection[str],
) -> tuple[AreaFiles, ...]:
    """Return what the chosen areas change in a workspace, area by area: each builds on the one before.

    Args:
        name: of the fork's module.
        current: the files of the workspace, by path.
        fork: the files of the fork.
        changes: what the fork changes; of a file of the release, its parts.
        areas: those that are wanted, in the order in which they are applied; the architecture is the module's.
    """
    files = dict(current)
    done: set[tuple[str, str]] = set()
    found = []
    for area in areas:
        wanted = [
            (change.path, part)
            for change in changes
            if change.kind == CHANGED and change.path in current
            for part in change.parts
            if part.used and area in part.affects and area != ARCHITECTURE and (change.path, part.name) not in done
        ]
        done |= {(path, part.name) for path, part in wanted}
        writer = _Writer(f"{name.lower()}_{area}", files, fork, wanted)
        new = writer.texts()
        if new:
            found.append(AreaFiles(area, new, tuple(wanted), tuple(writer.lacking)))
            files |= {path: text.encode() for path, text in new.items()}
    return tuple(found)


@dataclass
class _File:
    """A file of the workspace, and what becomes of its lines."""

    code: FileCode
    replaced: dict[tuple[int, int], list[str]] = field(default_factory=dict)  # from a line up to one, from 0
    added: dict[int, list[tuple[int, list[str]]]] = field(default_factory=dict)  # before a line, with the fork's line
    imports: dict[str, None] = field(default_factory=dict)

    def text(self) -> str:
        lines = [line.rstrip("\n") for line in split_lines(self.code.text)]
        edits = dict(self.replaced)
        for at, blocks in self.added.items():  # in the fork's order: one may use another one when it is imported
            edits[at, at] = [line for _, block in sorted(blocks) for line in block]
        if self.imports:
            at = _below_imports(self.code)
            edits[at, at] = [*self.imports, *edits.get((at, at), [])]
        for (start, end), new in sorted(edits.items(), reverse=True):
            lines[start:end] = new
        return "\n".join(lines).rstrip("\n") + "\n"


@dataclass
class _Writer:
    """Writes the changes of one area."""

    package: str
    files: Mapping[str, bytes]
    fork_files: Mapping[str, bytes]
    wanted: Sequence[tuple[str, Part]]
    lacking: dict[str, None] = field(default_factory=dict, init=False)
    _open: dict[str, _File] = field(default_factory=dict, init=False)
    _taken: set[tuple[str, str]] = field(default_factory=set, init=False)

    def __post_init__(self) -> None:
        self.fork, self.base = Scope(self.fork_files), Scope(self.files)
        folder = "ultralytics/nn" if any(path.startswith("ultralytics/") for path in self.files) else "models"
        self.mirror = Mirror(Sameness(self.fork, self.base), f"{folder}/{self.package}")

    def texts(self) -> dict[str, str]:
        """Return the new text of each file."""
        found: dict[str, str] = {}
        # a class before its methods: what is taken as a whole has its parts
        for path, part in sorted(self.wanted, key=lambda one: one[1].name.count(".")):
            if path.endswith(".py"):
                self._take(path, part.name, part.kind)
            elif path.endswith((".yaml", ".yml")):
                found[path] = self._with_key(found.get(path) or self.files[path].decode(), path, part)
        found |= {path: file.text() for path, file in self._open.items() if file.replaced or file.added or file.imports}
        if found:
            found |= {one.path: one.text for one in self.mirror.files()}
        return {path: text for path, text in found.items() if text.encode() != self.files.get(path)}

    def _file(self, path: str) -> _File | None:
        if path not in self._open:
            code = self.base.code(path)
            if code is None:
                return None
            self._open[path] = _File(code)
        return self._open[path]

    def _take(self, path: str, name: str, kind: str) -> None:
        """Put a definition of the fork into a file of the workspace."""
        file, code = self._file(path), self.fork.code(path)
        owners = ((path, name[: dot.start()]) for dot in re.finditer(r"\.|$", name))
        if file is None or code is None or any(one in self._taken for one in owners):
            return
        self._taken.add((path, name))
        old, new = _find(file.code, name), _find(code, name)
        if kind == REMOVED and old and "." in name:
            file.replaced[_span(old)] = []
        if new is None:
            return
        text = _lines_of(code, new)
        if old is not None:
            file.replaced[_span(old)] = text
        else:
            at = _place_of(file.code, code, name, new)
            is_block = isinstance(new, _DEFINITIONS)
            inside = "." in name
            text = ["", *text] if inside else ["", "", *text, "", ""] if is_block else text
            file.added.setdefault(at, []).append((new.lineno, text))
        self._need(path, new, file)
        owner = name.rpartition(".")[0]
        for member in sorted(_members(new, owner)) if owner else ():
            # the release that the fork began from may have had it, and this one no longer
            if _find(code, f"{owner}.{member}") is not None and not _has(file.code, owner, member):
                self._take(path, f"{owner}.{member}", ADDED)
        if owner and name != f"{owner}.__init__":
            self._set_attributes(path, name, new, file)

    def _set_attributes(self, path: str, name: str, method: ast.stmt, file: _File) -> None:
        """Let the release's constructor set what a method of the fork reads, as the fork's own constructor does."""
        owner, fork = name.rpartition(".")[0], self.fork.code(path)
        own, theirs = (_find(code, owner) for code in (fork, file.code) if code)
        is_taken = any(path == one and part.name == f"{owner}.__init__" for one, part in self.wanted)
        if fork is None or is_taken or not (isinstance(own, ast.ClassDef) and isinstance(theirs, ast.ClassDef)):
            return
        for one in unset(method, own, theirs):
            constructor = constructor_of(theirs)
            if (path, f"{owner}.{one.name}") in self._taken or constructor is None or _has(file.code, owner, one.name):
                continue
            if one.lacking:
                self.lacking[_unmade(path, name, one)] = None
                continue
            self._taken.add((path, f"{owner}.{one.name}"))
            at = constructor.end_lineno or constructor.lineno
            file.added.setdefault(at, []).append((one.statement.lineno, _lines_of(fork, one.statement)))
            self._need(path, one.statement, file, set(bound(constructor)))

    def _need(self, path: str, node: ast.stmt, file: _File, known: Collection[str] = ()) -> None:
        """Import or add what a definition uses and the workspace's file lacks; `known` are names around it."""
        for use in uses(node):
            if use.name in known:
                continue
            found = self.fork.meaning(path, use.name)
            theirs = self.base.meaning(path, use.name)
            if isinstance(found, Local) and found.path == path:
                if theirs is None:
                    self._take(path, use.name, ADDED)
            elif isinstance(found, Local):
                self._import_local(found, theirs, use.name, file)
            elif isinstance(found, Whole) and theirs is None and found.path in self.files:
                package, _, module = module_name(found.path).rpartition(".")
                line = f"from {package} import {module}" if package else f"import {module}"
                file.imports[line if module == use.name else f"{line} as {use.name}"] = None
            elif isinstance(found, Outside) and theirs is None:
                module, attribute = found.module, found.attribute
                line = f"from {module} import {attribute}" if attribute else f"import {module}"
                own = attribute or module.split(".")[0]
                file.imports[line if own == use.name else f"{line} as {use.name}"] = None

    def _import_local(self, found: Local, theirs: object, name: str, file: _File) -> None:
        is_there = isinstance(theirs, Local) and (theirs.path, theirs.name) == (found.path, found.name)
        if is_there:
            return  # an area that changes it does so in its own file
        if found.path in self.files:  # a file of the release, to which the fork added it
            if self.base.meaning(found.path, found.name) is None:
                self._take(found.path, found.name, ADDED)
            module, symbol = module_name(found.path), found.name
        else:
            module, symbol = self.mirror.import_of(found)
        file.imports[f"from {module} import {symbol}" + (f" as {name}" if symbol != name else "")] = None

    def _with_key(self, text: str, path: str, part: Part) -> str:
        """Return a file of settings with the value of one key as the fork has it."""
        key = part.name.rpartition(".")[2]
        line = re.compile(rf"^{re.escape(key)}[ \t]*:.*$", re.MULTILINE)
        theirs = line.search(self.fork_files[path].decode("utf-8", "replace"))
        if theirs is None:
            return text
        if line.search(text):
            return line.sub(lambda _: theirs[0].rstrip("\r"), text, count=1)
        return text.rstrip("\n") + f"\n{theirs[0]}\n"


def _unmade(path: str, name: str, one: Unset) -> str:
    """Return that a method reads what the release's constructor cannot set."""
    return (
        f"{path}: {name} reads self.{one.name}, which the fork's constructor makes from {', '.join(one.lacking)}, and "
        f"that of this release does not have: set it in {name.rpartition('.')[0]}.__init__"
    )


def _find(code: FileCode, name: str) -> ast.stmt | None:
    """Return the statement that defines a name of a file: a function, a class, a value, or a method of a class."""
    first, *rest = name.split(".")
    node: ast.stmt | None = next((one.node for one in _own(code) if one.name == first), None)
    for part in rest:
        body = node.body if isinstance(node, ast.ClassDef) else []
        node = next((one for one in body if part in _names(one)), None)
    return node


def _members(method: ast.stmt, owner: str) -> set[str]:
    """Return what a method takes of its object or of its class."""
    taken = (part for part in ast.walk(method) if isinstance(part, ast.Attribute) and isinstance(part.value, ast.Name))
    return {part.attr for part in taken if isinstance(part.value, ast.Name) and part.value.id in ("self", "cls", owner)}


def _has(code: FileCode, owner: str, member: str) -> bool:
    """Return whether a class has a member, or may have it from a class of another file."""
    node = _find(code, owner)
    if not isinstance(node, ast.ClassDef) or _find(code, f"{owner}.{member}") is not None:
        return True
    classes = {one.name for one in _own(code) if isinstance(one.node, ast.ClassDef)}
    bases = [ast.unparse(base) for base in node.bases]
    return any(_has(code, base, member) if base in classes else base not in _WITHOUT_MEMBERS for base in bases)


def _own(code: FileCode) -> Iterator[Binding]:
    return (one for one in reversed(code.bindings) if one.module is None)


def _names(node: ast.stmt) -> set[str]:
    if isinstance(node, _DEFINITIONS):
        return {node.name}
    targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
    return {target.id for target in targets if isinstance(target, ast.Name)}


def _span(node: ast.stmt) -> tuple[int, int]:
    first = min([node.lineno, *(one.lineno for one in getattr(node, "decorator_list", []))])
    return first - 1, node.end_lineno or node.lineno


def _lines_of(code: FileCode, node: ast.stmt) -> list[str]:
    start, end = _span(node)
    return [line.rstrip("\n") for line in split_lines(code.text)[start:end]]


def _place_of(code: FileCode, fork: FileCode, name: str, new: ast.stmt) -> int:
    """Return the line before which a new definition goes, from 0.

    A method goes to the end of its class. Everything else goes before what follows it in the fork's file.
    """
    owner = _find(code, name.rpartition(".")[0]) if "." in name else None
    if owner is not None:
        return owner.end_lineno or owner.lineno
    there = {one.name: one.node for one in _own(code)}
    later = sorted((one.node.lineno, one.name) for one in _own(fork) if one.node.lineno > new.lineno)
    follower = next((there[other] for _, other in later if other in there and there[other] in code.tree.body), None)
    return len(split_lines(code.text)) if follower is None else max(_span(follower)[0], _below_imports(code))


def _below_imports(code: FileCode) -> int:
    nodes: list[ast.stmt] = []
    for node in code.tree.body:  # those at the top: a file may import something at its end, too
        if isinstance(node, ast.Import | ast.ImportFrom):
            nodes.append(node)
        elif isinstance(node, _DEFINITIONS):
            break
    if nodes:
        return max(node.end_lineno or node.lineno for node in nodes)
    first = code.tree.body[0] if code.tree.body else None
    is_docstring = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
    return (first.end_lineno or 0) if first and is_docstring else 0
