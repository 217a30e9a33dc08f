"""The files that `add` reads: one of a post, and others from which it imports."""

from __future__ import annotations

import ast
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from yolopatch.core.checkpoint.stamp import printable
from yolopatch.core.paste.around.written import Written, with_class
from yolopatch.core.paste.reading import Pasted, read_paste
from yolopatch.core.paste.siblings.links import STAR, stem_of
from yolopatch.core.paste.siblings.merging import merge
from yolopatch.core.paste.siblings.sought import Sought, sought_files
from yolopatch.core.text import sha256
from yolopatch.errors import UsageError
from yolopatch.outside.files.system_errors import advice, number_of
from yolopatch.outside.own.neighbours import PACKAGE, neighbours

_DEEPEST = 4  # packages that only hand on names
_MOST = 40  # files


@dataclass(frozen=True)
class Lines:
    """Lines of a pasted file of which something is said.

    Attributes:
        file: its name.
        first, last: counted from 1.
        why: what they are, or how they were read.
    """

    file: str
    first: int
    last: int
    why: str


@dataclass(frozen=True)
class PastedFiles:
    """The files of a post.

    Attributes:
        contents: each file's name and content, the main one first.
        pastes: the same, parsed.
        paste: all of them as one.
        sought: the imports by which a file was found that nobody named.
        written: the classes that were written below them.
    """

    contents: tuple[tuple[str, bytes], ...]
    pastes: tuple[Pasted, ...]
    paste: Pasted
    sought: tuple[Lines, ...] = ()
    written: tuple[Written, ...] = ()

    @property
    def sha256(self) -> str:
        """Of the main file."""
        return sha256(self.contents[0][1])

    @property
    def siblings(self) -> tuple[tuple[str, str], ...]:
        """The other files, each with its sha256."""
        return tuple((name, sha256(data)) for name, data in self.contents[1:])

    @property
    def left_out(self) -> Iterator[Lines]:
        """What of the files is no Python."""
        return (Lines(one.name, *lines) for one in self.pastes for lines in one.post.left_out)

    @property
    def mended(self) -> Iterator[Lines]:
        """The lines that a page had changed, those that led to another file, and names that are others than there."""
        yield from (Lines(one.name, *lines) for one in self.pastes for lines in one.post.mended)
        yield from self.sought
        for file, line, name, new, other in self.paste.renamed:
            yield Lines(file, line, line, f"{name} is {new} here, as {other} has another {name}")

    @property
    def stored(self) -> bytes:
        """What the catalog keeps: the file as it is, or the Python that was read from it and from the others."""
        read = self.pastes[0].post
        as_it_is = len(self.pastes) == 1 and not (read.left_out or read.mended or read.cells)
        if self.written or not as_it_is:
            return self.paste.text.encode()
        return self.contents[0][1]

    def pasted(self, symbol: str) -> str:
        """Return the class of the files that a class is, or is written around."""
        around = {one.symbol: one.around for one in self.written}
        return self.pasted(around[symbol]) if symbol in around else symbol

    def with_class(self, written: Written) -> PastedFiles:
        """Return the files with a class below them, that is written around one of theirs."""
        return replace(self, paste=with_class(self.paste, written), written=(*self.written, written))

    def origin(self, symbol: str) -> str:
        """Return where a module comes from, for the commit message."""
        shown = [f"{printable(name)}, sha256 {sha256(data)[:16]}" for name, data in self.contents]
        return f"{symbol} of {', with '.join(shown)}"


def read_files(files: tuple[Path, ...], symbol: str = "", packages: frozenset[str] = frozenset()) -> PastedFiles:
    """Read a pasted file, those that are added to it, and those of the same post that these import and that are there.

    Args:
        files: the main file first.
        symbol: what is wanted of it; "" if that is not known.
        packages: the packages that the user says are installed.

    Raises:
        UsageError: one cannot be read, or two of them do not go together.
        YolopatchError: one is no Python.
    """
    disk = _Disk()
    main, *others = {file.resolve(): file for file in files}.values()
    paths = {main.name: main}
    for file in others:
        paths[_free_name(file, paths)] = file
    given = len(paths)
    pastes = [disk.named(path, name) for name, path in paths.items()]
    sought: list[Lines] = []
    while len(sought) < _MOST and (found := _next_file(disk, pastes, paths, len(sought), symbol, packages)):
        path, said = found
        name = _free_name(path, paths)
        pastes.append(disk.named(path, name))
        paths[name] = path
        sought.append(said)
    contents = tuple((name, disk.read(path)[0]) for name, path in paths.items())
    names = frozenset(paste.name for paste in pastes[given:])
    return PastedFiles(contents, tuple(pastes), merge(pastes[0], pastes[1:], symbol, names), tuple(sought))


@dataclass(frozen=True)
class _Disk:
    """Reads files, each once: many imports ask whether a file has a name."""

    _found: dict[Path, tuple[bytes, Pasted]] = field(default_factory=dict)

    def read(self, path: Path) -> tuple[bytes, Pasted]:
        """Return a file's content, and the same parsed; raises as `read_files`."""
        if path not in self._found:
            data = _read(path)
            self._found[path] = data, read_paste(data, path.name)
        return self._found[path]

    def named(self, path: Path, name: str) -> Pasted:
        """Return a file, parsed, under another name; raises as `read_files`."""
        return replace(self.read(path)[1], name=name)


def _next_file(
    disk: _Disk,
    pastes: Sequence[Pasted],
    paths: Mapping[str, Path],
    count: int,
    symbol: str,
    packages: frozenset[str],
) -> tuple[Path, Lines] | None:
    """Return a file that is needed and lies where an import says; None if there is none.

    Args:
        disk: reads the files.
        pastes: the files so far.
        paths: of these, by name.
        count: how many of them nobody named; they are the last ones.
        symbol, packages: as in `read_files`.
    """
    named = len(pastes) - count
    sought = frozenset(paste.name for paste in pastes[named:])
    have = {path.resolve() for path in paths.values()}
    for one in sought_files(pastes[0], pastes[1:], symbol, sought, packages):
        path = next(_on_disk(disk, paths[one.file], one, have), None)
        if path and _free_name(path, paths) not in paths:
            place = next(paste for paste in pastes if paste.name == one.file).place(one.line)
            said = Lines(one.file, place.line, place.line, f"{_shown(path, paths)} is read, too")
            return path, said
    return None


def _on_disk(disk: _Disk, file: Path, one: Sought, have: set[Path], depth: int = 0) -> Iterator[Path]:
    """Yield the files that an import means and that have one of its names; imports that hand names on are followed."""
    for path in neighbours(file, one.level, one.module, one.names, one.sure):
        if path.resolve() in have:
            continue
        _, paste = disk.read(path)
        if not one.names or one.names & paste.defined:
            yield path
            continue
        if depth < _DEEPEST:
            for inner in _handed_on(paste, one):
                yield from _on_disk(disk, path, inner, have, depth + 1)
        if _is_taken_whole(path, one):
            yield path


def _is_taken_whole(path: Path, one: Sought) -> bool:
    """Tell whether a file is itself what an import takes: `blocks/parts.py` of `from blocks import parts`."""
    name = stem_of(path.as_posix())
    folder = path.parent.parent if path.name == PACKAGE else path.parent
    return name in one.names and one.module[-1:] in ((), (folder.name,))


def _free_name(path: Path, paths: Mapping[str, Path]) -> str:
    """Return what to call a file: with its folder, if it is that of a package, or there is another one of its name."""
    return path.name if path.name not in (PACKAGE, *paths) else f"{path.parent.name}/{path.name}"


def _handed_on(file: Pasted, one: Sought) -> Iterator[Sought]:
    """Yield from where a package, or a file that imports them, has the names that are wanted of it."""
    for node in file.tree.body:
        if isinstance(node, ast.ImportFrom):
            own = {alias.name for alias in node.names if (alias.asname or alias.name) in one.names}
            names = one.names if node.names[0].name == STAR else frozenset(own)
            if names:
                module = tuple(node.module.split(".")) if node.module else ()
                yield replace(one, level=node.level, module=module, names=names)


def _shown(path: Path, paths: Mapping[str, Path]) -> str:
    """Return a file's path as seen from the folder of the main file."""
    first = next(iter(paths.values())).absolute().parent
    try:
        return Path(os.path.relpath(path, first)).as_posix()
    except ValueError:  # on another drive of Windows
        return path.as_posix()


def files_of(contents: tuple[tuple[str, bytes], ...]) -> PastedFiles:
    """Return files whose names and contents are known, the main one first; raises as `read_files`."""
    pastes = tuple(read_paste(data, name) for name, data in contents)
    return PastedFiles(contents, pastes, merge(pastes[0], pastes[1:]))


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise UsageError(
            f"cannot read {file}: {error.strerror}",
            hint=advice(number_of(error), file, "give the path of the pasted file"),
        ) from error
