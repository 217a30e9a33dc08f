"""Each file of a fork that is not as its release has it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

from yolopatch.core.fork.changes import (
    ADDED,
    ARCHITECTURE,
    CHANGED,
    FORMATTING,
    LEFTOVER,
    NOTHING,
    REMOVED,
    FileChange,
    Part,
)
from yolopatch.core.fork.difference.affects.influence import ordered
from yolopatch.core.fork.difference.affects.keys import areas_of_readers, known_areas
from yolopatch.core.fork.difference.affects.places import holds_layers
from yolopatch.core.fork.difference.code.sentences import named
from yolopatch.core.fork.difference.leftovers import beside, leftover
from yolopatch.core.fork.difference.python.parts import python_parts
from yolopatch.core.fork.difference.python.trees import Trees
from yolopatch.core.fork.difference.yaml_files import YamlText, new_model, new_yaml, read_yaml, yaml_parts
from yolopatch.core.fork.folding import decode, fold_file, is_python
from yolopatch.core.fork.names.texts import python_text, python_texts, unread
from yolopatch.core.fork.names.tree_code import TreeCode
from yolopatch.core.fork.reach import PARSERS, Reach
from yolopatch.core.fork.tree import ForkTree
from yolopatch.core.plain_yaml import PlainYamlError
from yolopatch.core.syntax import parse

ReleasesOf = Callable[[str, bytes], tuple[str, ...]]

_FOLDED = 256 * 1024  # bytes; upstream's largest files have 200 KB, and a YAML of that size takes seconds to read
_YAML = (".yaml", ".yml")
_NATIVE = (".cu", ".cuh", ".cpp", ".cc", ".cxx", ".c", ".h", ".hpp", ".pyx")
_PICTURES = (".jpg", ".jpeg", ".png", ".gif", ".svg", ".ico", ".ttf")
_DOCUMENTS = (".md", ".rst", ".txt", ".ipynb")


def read_difference(
    base: Mapping[str, bytes], fork: ForkTree, reach: Reach | None = None, releases_of: ReleasesOf | None = None
) -> tuple[FileChange, ...]:
    """Return what a fork changes, by path; what lies beside the package is counted by folder, and comes last.

    Args:
        base: the release's files, by path.
        fork: the fork.
        reach: what the chosen YAMLs need; None if none is chosen, so that all that a YAML could name counts as used.
        releases_of: returns the releases that have exactly this file, the most likely one first.
    """
    old = TreeCode(python_texts(base))
    trees = Trees(fork.upstream, old, TreeCode(python_texts(fork.files), old), reach)
    reader = _Reader(base, fork, reach, trees)
    changes = [change for path in sorted({*base, *fork.files}) if (change := reader.change(path))]
    if releases_of:
        changes = [_with_release(change, fork.files, releases_of) for change in changes]
    return (*changes, *beside(fork.beside))


def _with_release(change: FileChange, files: Mapping[str, bytes], releases_of: ReleasesOf) -> FileChange:
    if change.kind not in (ADDED, CHANGED):
        return change
    found = releases_of(change.path, files[change.path])
    return replace(change, release=found[0]) if found else change


@dataclass(frozen=True)
class _Reader:
    base: Mapping[str, bytes]
    fork: ForkTree
    reach: Reach | None
    trees: Trees

    def change(self, path: str) -> FileChange | None:
        """Return how a file differs; None if it does not."""
        old, new = self.base.get(path), self.fork.files.get(path)
        if old == new:
            return None
        if new is None:
            return self._removed(path)
        if old is None:
            what = leftover(path)
            return FileChange(path, LEFTOVER, (NOTHING,), what) if what else self._added(path, new)
        if is_python(path) and (python_text(path, new) is None or python_text(path, old) is None):
            return self._unread(path, new, CHANGED)
        same = _same(path, old, new)
        return FileChange(path, FORMATTING, (NOTHING,), same) if same else self._changed(path, old, new)

    def _added(self, path: str, data: bytes) -> FileChange:
        suffix = PurePosixPath(path).suffix.lower()
        if is_python(path):
            return self._python(path, data, ADDED)
        if suffix in _YAML:
            return self._yaml(path, None, data)
        if suffix in _NATIVE:
            return self._native(path)
        if suffix in _PICTURES:
            return FileChange(path, LEFTOVER, (NOTHING,), "a picture or a font")
        return FileChange(path, ADDED, (NOTHING,), _unread_kind(suffix))

    def _changed(self, path: str, old: bytes, new: bytes) -> FileChange:
        suffix = PurePosixPath(path).suffix.lower()
        if is_python(path):
            return self._python(path, new, CHANGED)
        if suffix in _YAML:
            return self._yaml(path, old, new)
        return FileChange(path, CHANGED, (NOTHING,), _unread_kind(suffix))

    def _removed(self, path: str) -> FileChange:
        if not is_python(path):
            return FileChange(path, REMOVED, (NOTHING,), "removed")
        importer = next(self.trees.fork.broken_importers(path), None)
        if importer:
            affects = self.trees.areas_of_file(path)
            return FileChange(path, REMOVED, affects, f"removed, though `{importer}` imports it: that import fails")
        importer = next(self.trees.fork.importers(path), None)
        if importer:
            what = f"removed; what imports it still works, as in `{importer}`"
        else:
            what = "removed; nothing of the fork imports it"
        return FileChange(path, REMOVED, (NOTHING,), what)

    def _python(self, path: str, data: bytes, kind: str) -> FileChange:
        text = python_text(path, data)
        read = self.trees.fork.file(path) and (path not in self.base or self.trees.base.file(path))
        if text is None or not read:
            return self._unread(path, data, kind)
        parts = python_parts(self.trees, path)
        if not parts and kind == CHANGED:
            return FileChange(path, CHANGED, (NOTHING,), f"only {self._uses_of_names()} differ")
        return FileChange(path, kind, _affects(parts), _summary(parts, kind), parts)

    def _unread(self, path: str, data: bytes, kind: str) -> FileChange:
        """Return the change of a Python file that cannot be compared."""
        text = python_text(path, data)
        line, why = _fault(text) if text is not None else (1, unread(data))
        affects = self.trees.areas_of_file(path)
        return FileChange(path, kind, affects, why, (Part("", line, kind, affects, why),))

    def _yaml(self, path: str, old: bytes | None, new: bytes) -> FileChange:
        kind = ADDED if old is None else CHANGED
        try:
            after = _yaml_text(path, new)
            before = YamlText({}, {}) if old is None else _yaml_text(path, old).renamed(self._names_unlike(new))
        except PlainYamlError as error:
            affects = self.trees.areas_of_file(path)
            why = f"cannot be read as YAML: {error.found}"
            return FileChange(path, kind, affects, why, (Part("", error.line or 1, kind, affects, why),))
        if old is None and after.is_model:
            parts: tuple[Part, ...] = (new_model(path, after, self._is_known, self.reach),)
        elif old is None:
            parts = (new_yaml(path, after, self.trees.areas_of_file(path), self._is_named(path)),)
        else:
            used = not after.is_model or self.reach is None or path in self.reach.cfgs
            parts = tuple(yaml_parts(before, after, lambda key: self._areas_of_key(path, key, after), used))
        if not parts:
            same = "only names of renamed modules differ" if after.is_model else "only the points of numbers differ"
            return FileChange(path, kind, (NOTHING,), same)
        return FileChange(path, kind, _affects(parts), _summary(parts, kind), parts)

    def _is_named(self, path: str) -> bool:
        """Tell whether a YAML can be read: a user names a data set, and needed code the settings of its layers."""
        name = path.rpartition("/")[2]
        layers = holds_layers(self.fork.upstream, path)
        return not layers or any(name in text for text in self._needed_texts())

    def _needed_texts(self) -> Iterator[str]:
        """Yield the Python files with what the models need; all of them where no model is known."""
        texts = self.trees.fork.texts
        if self.reach is None:
            yield from texts.values()
            return
        needed = {PARSERS[self.fork.upstream], *(one.path for one in self.reach.definitions)}
        yield from (text for path, text in texts.items() if path in needed)

    def _names_unlike(self, data: bytes) -> dict[str, str]:
        """Return the new names of what was renamed, as far as a YAML does not go on with the old ones."""
        return {old: new for old, new in self.trees.renames.names.items() if old.encode() not in data}

    def _uses_of_names(self) -> str:
        renamed = ", names of what was renamed" if self.trees.renames.names else ""
        return f"imports{renamed} or code that runs as a script"

    def _areas_of_key(self, path: str, key: str, text: YamlText) -> tuple[tuple[str, ...], bool]:
        """Return what a key of a YAML affects, and whether anything reads it."""
        if text.is_model:
            return (ARCHITECTURE,), True
        if not _has_settings(path):
            return self.trees.areas_of_file(path), True
        known = known_areas(key)
        if known:
            return known, True
        found = areas_of_readers(self.trees.influence, key)
        return (found, True) if found else ((NOTHING,), False)

    def _is_known(self, module: str) -> bool:
        """Tell whether the release's parse_model knows a module."""
        return module.startswith("nn.") or self.trees.base.meaning(PARSERS[self.fork.upstream], module) is not None

    def _native(self, path: str) -> FileChange:
        affects = self.trees.areas_of_file(path)
        folder = path.rpartition("/")[0].rpartition("/")[0]
        used = self.reach is None or any(one.path.startswith(f"{folder}/") for one in self.reach.definitions)
        what = "source of an extension that has to be compiled"
        part = Part(path.rpartition("/")[2], 1, ADDED, affects, what, used)
        return FileChange(path, ADDED, _affects((part,)), what, (part,))


def _has_settings(path: str) -> bool:
    """Tell whether a YAML has settings, or hyperparameters of yolov5."""
    name = path.rpartition("/")[2]
    return name in ("default.yaml", "default_copy.yaml") or name.startswith("hyp")


def _yaml_text(path: str, data: bytes) -> YamlText:
    text = decode(path, data)
    if text is None:
        raise PlainYamlError("it is not text in UTF-8")
    return read_yaml(text)


def _fault(text: str) -> tuple[int, str]:
    """Return the line and the reason why Python cannot read a text."""
    try:
        parse(text)
    except SyntaxError as error:
        place = f" line {error.lineno}:" if error.lineno else ""
        return error.lineno or 1, f"Python cannot read it:{place} {error.msg}"
    return 1, "Python cannot read the release's file"


def _same(path: str, old: bytes, new: bytes) -> str | None:
    """Return what differs in two files that do the same; None if they do not, or are too large to tell."""
    plain = [data.replace(b"\r\n", b"\n").replace(b"\r", b"\n").rstrip() for data in (old, new)]
    if plain[0] == plain[1]:
        return "only line ends differ"
    if max(len(old), len(new)) > _FOLDED or fold_file(path, old) != fold_file(path, new):
        return None
    return "only formatting, comments or docstrings differ"


def _unread_kind(suffix: str) -> str:
    return "a document" if suffix in _DOCUMENTS else "no file that the package's code is made of"


def _affects(parts: tuple[Part, ...]) -> tuple[str, ...]:
    return ordered(area for part in parts if part.used for area in part.affects)


def _summary(parts: tuple[Part, ...], kind: str) -> str:
    """Return what changed in a file, in one sentence."""
    if len(parts) == 1:
        return parts[0].what if kind == ADDED else f"`{parts[0].name}`: {parts[0].what}"
    names = {
        one: list(dict.fromkeys(part.name for part in parts if part.kind == one)) for one in (CHANGED, ADDED, REMOVED)
    }
    words = {CHANGED: "changes", ADDED: "adds", REMOVED: "removes"}
    return (
        "; ".join(f"{words[one]} {named(found)}" for one, found in names.items() if found) or "only imports, or nothing"
    )
