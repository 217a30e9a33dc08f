"""Splice patches into a pin's pristine text. Patches only insert, so any subset in any order agrees."""

from __future__ import annotations

import warnings
from collections.abc import Collection, Mapping, Sequence
from pathlib import PurePosixPath

from yolopatch.core.diff import FileChange, Patch
from yolopatch.core.text import split_lines
from yolopatch.errors import PatchError


def touched(patches: Sequence[Patch]) -> list[str]:
    """Return the pristine files that these patches insert into, sorted."""
    return sorted({change.path for patch in patches for change in patch.changes if change.new is None})


def compose(pristine: Mapping[str, str], patches: Sequence[Patch], taken: Collection[str] = ()) -> dict[str, str]:
    """Return the text of every file that the patches change or add, by path.

    Args:
        pristine: the pin's text of the files that `touched` names.
        patches: in the canonical order, which decides who comes first at a shared place.
        taken: every path of the pin, where no patch may add a file.

    Raises:
        PatchError: a patch does not match the pin.
    """
    result: dict[str, str] = {}
    places: dict[str, list[tuple[int, int, tuple[str, ...]]]] = {}
    for rank, patch in enumerate(patches):
        for change in patch.changes:
            if change.new is not None:
                _check_free(patch, change.path, (*taken, *pristine, *result))
                result[change.path] = change.new
            else:
                _check_context(pristine, patch, change)
                places.setdefault(change.path, []).extend((i.at, rank, i.lines) for i in change.insertions)
    for path, insertions in places.items():
        result[path] = _splice(pristine[path], insertions)
    return result


def check_compiles(texts: Mapping[str, str]) -> None:
    """Compile every Python file of these.

    Raises:
        PatchError: one does not compile.
    """
    for path in sorted(texts):
        _check_compiles(path, texts[path])


def _check_free(patch: Patch, path: str, taken: Collection[str]) -> None:
    # a file where a folder is, or below a file, would take that away
    above = [str(parent) for parent in PurePosixPath(path).parents]
    clash = next((have for have in taken if have == path or have in above or have.startswith(path + "/")), None)
    if clash:
        raise PatchError(
            f"the patch {patch.name} adds {path}, but {clash} is there already",
            hint="restore the patch: reinstall yolopatch, or `make patches` in its checkout",
        )


def _check_context(pristine: Mapping[str, str], patch: Patch, change: FileChange) -> None:
    if change.path not in pristine:
        raise _mismatch(patch, change.path, 0, "a file that the pin has", "no such file")
    lines = split_lines(pristine[change.path])
    for at, expected in change.context:
        found = lines[at] if at < len(lines) else "(end of file)"
        if found != expected:
            raise _mismatch(patch, change.path, at + 1, *_told_apart(expected, found))


def _told_apart(expected: str, found: str) -> tuple[str, str]:
    """Return two differing lines as a person can tell them apart: white space, too."""
    if expected.strip() == found.strip():
        return repr(expected), repr(found)
    return expected.rstrip("\n"), found.rstrip("\n")


def _mismatch(patch: Patch, path: str, line: int, expected: str, found: str) -> PatchError:
    return PatchError(
        f"the patch {patch.name} does not match the pin: {path}, line {line}",
        details=[f"expected: {expected}", f"found:    {found}"],
        hint="restore the patch: reinstall yolopatch, or `make patches` in its checkout",
    )


def _splice(text: str, insertions: list[tuple[int, int, tuple[str, ...]]]) -> str:
    lines = split_lines(text)
    out: list[str] = []
    done = 0
    for at, _, added in sorted(insertions, key=lambda i: i[:2]):
        out += lines[done:at]
        out += added
        done = at
    return "".join(out + lines[done:])


def _check_compiles(path: str, text: str) -> None:
    if not path.endswith(".py"):
        return
    try:
        with warnings.catch_warnings():
            # upstream's own old escapes are not what this checks, and newer Pythons warn of them
            warnings.simplefilter("ignore")
            compile(text, path, "exec", dont_inherit=True)
    except (SyntaxError, ValueError) as error:  # ValueError: a null byte, before Python 3.12
        where = f"line {error.lineno}: {error.msg}" if isinstance(error, SyntaxError) else str(error)
        raise PatchError(
            f"the patched {path} does not compile: {where}",
            hint="restore the patches: reinstall yolopatch, or `make patches` in its checkout",
        ) from error
