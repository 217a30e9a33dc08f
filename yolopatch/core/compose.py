"""Splice patches into a pin's pristine text. Patches only insert, so any subset in any order agrees."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence

from yolopatch.core.diff import FileChange, Patch
from yolopatch.core.text import split_lines
from yolopatch.errors import PatchError


def touched(patches: Sequence[Patch]) -> list[str]:
    """Return the pristine files that these patches insert into, sorted."""
    return sorted({change.path for patch in patches for change in patch.changes if change.new is None})


def compose(pristine: Mapping[str, str], patches: Sequence[Patch]) -> dict[str, str]:
    """Return the text of every file that the patches change or add, by path.

    Args:
        pristine: the pin's text of the files that `touched` names, and of any added path it has.
        patches: in the canonical order, which decides who comes first at a shared place.

    Raises:
        PatchError: a patch does not match the pin.
    """
    result: dict[str, str] = {}
    places: dict[str, list[tuple[int, int, tuple[str, ...]]]] = {}
    for rank, patch in enumerate(patches):
        for change in patch.changes:
            if change.new is not None:
                _add_file(result, pristine, patch, change)
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


def _add_file(result: dict[str, str], pristine: Mapping[str, str], patch: Patch, change: FileChange) -> None:
    if change.path in pristine or change.path in result:
        raise PatchError(
            f"the patch {patch.name} adds {change.path}, which is there already",
            hint="restore the patch: reinstall yolopatch",
        )
    result[change.path] = change.new or ""


def _check_context(pristine: Mapping[str, str], patch: Patch, change: FileChange) -> None:
    if change.path not in pristine:
        raise _mismatch(patch, change.path, 0, "a file that the pin has", "no such file")
    lines = split_lines(pristine[change.path])
    for at, expected in change.context:
        found = lines[at] if at < len(lines) else "(end of file)"
        if found != expected:
            raise _mismatch(patch, change.path, at + 1, expected.rstrip("\n"), found.rstrip("\n"))


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
    except SyntaxError as error:
        raise PatchError(
            f"the patched {path} does not compile: line {error.lineno}: {error.msg}",
            hint="restore the patches: reinstall yolopatch, or `make patches` in its checkout",
        ) from error
