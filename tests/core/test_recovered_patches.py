"""The patch of a user's own module, read back from the texts before and after its commit."""

from __future__ import annotations

import pytest

from yolopatch.catalog.pins import PINS
from yolopatch.core.edits import Edit, NewFile
from yolopatch.core.patch.compose import compose
from yolopatch.core.patch.parsing import parse_patch
from yolopatch.core.patch.patch_file import write_own_patch
from yolopatch.core.patch.recover import Versions, recover_own_patch
from yolopatch.core.text import sha256
from yolopatch.core.workspace.commit_message import Applied

PIN = PINS["ultralytics-8.3.0"]
PAPER = "Gate of Gate.py, sha256 0123456789abcdef"
PARSER = "tasks.py"
LINES = [f"line {number}\n" for number in range(12)]


def _patch(*edits: Edit, pristine: str, name: str = "Gate") -> str:
    new = NewFile(f"own_{name}.py", f"class {name}:\n    pass\n")
    return write_own_patch(PIN, name, PAPER, [new, *edits], {PARSER: pristine})


def _recovered(text: str, pristine: str, *others: str, patch_sum: str | None = None) -> str | None:
    """Compose the patch after others, and read it back from the texts."""
    before, after = (
        compose({PARSER: pristine}, [parse_patch(one, str(n), modifies=True) for n, one in enumerate(patches)])
        for patches in (others, (*others, text))
    )
    before = {PARSER: pristine, **before}
    changed = {
        path: Versions({PARSER: pristine}.get(path), before.get(path), after[path])
        for path in after
        if before.get(path) != after[path]
    }
    applied = Applied("Gate", "paper", patch_sum or sha256(text.encode()), "0.1.0", PAPER)
    return recover_own_patch(PIN, applied, changed)


@pytest.mark.parametrize("at", [(0,), (3,), (12,), (2, 7), (0, 5, 12), (4, 5)])
def test_lines_at_any_place(at):
    pristine = "".join(LINES)
    text = _patch(*(Edit(PARSER, place, f"mine {place}\n") for place in at), pristine=pristine)
    assert _recovered(text, pristine) == text


@pytest.mark.parametrize("at", [4, 5, 6])
def test_lines_that_equal_their_neighbours(at):
    """`a b a b` with `a b` inserted: three places give the same text, and one of them is the patch's."""
    pristine = "".join([*LINES[:4], "a\n", "b\n", *LINES[4:]])
    block = {4: "a\nb\n", 5: "b\na\n", 6: "a\nb\n"}[at]
    text = _patch(Edit(PARSER, at, block), pristine=pristine)
    assert _recovered(text, pristine) == text


@pytest.mark.parametrize("place", [4, 5, 6])
def test_after_the_lines_of_other_modules(place):
    pristine = "".join(LINES)
    other = _patch(Edit(PARSER, 5, "elif other:\n    pass\n"), pristine=pristine, name="Arch")
    text = _patch(Edit(PARSER, place, "elif mine:\n    pass\n"), pristine=pristine)
    assert _recovered(text, pristine, other) == text


def test_after_a_fix_that_replaces_lines():
    pristine = "".join(LINES)
    fix = write_own_patch(PIN, "fix", PAPER, [Edit(PARSER, 3, "fixed\nmore\n", replaces=1)], {PARSER: pristine})
    for place in (3, 4, 9):
        text = _patch(Edit(PARSER, place, "mine\n"), pristine=pristine)
        assert _recovered(text, pristine, fix) == text


def test_another_sum_is_another_patch():
    pristine = "".join(LINES)
    text = _patch(Edit(PARSER, 3, "mine\n"), pristine=pristine)
    assert _recovered(text, pristine, patch_sum="0" * 64) is None


@pytest.mark.parametrize(
    "versions",
    [
        Versions("a\nb\n", "a\nb\n", "a\n"),
        Versions("a\nb\n", "a\nb\n", None),
        Versions(None, "a\n", "a\nb\n"),
        Versions("a\n", "a\n", "b\n"),
    ],
    ids=["a line is removed", "a file is removed", "a file of another module", "a line is replaced"],
)
def test_what_no_patch_does(versions):
    applied = Applied("Gate", "paper", "0" * 64, "0.1.0", PAPER)
    assert recover_own_patch(PIN, applied, {PARSER: versions}) is None


def test_a_text_of_equal_lines_is_read_in_a_moment():
    pristine = "same\n" * 400
    text = _patch(*(Edit(PARSER, place, "same\n" * 50) for place in (10, 90, 300)), pristine=pristine)
    assert _recovered(text, pristine, patch_sum="0" * 64) is None


def test_the_form_of_an_own_patch_stays():
    """Workspaces are read by the sum of this text: another form leaves those of today unreadable without a catalog."""
    text = _patch(Edit(PARSER, 3, "mine\n"), pristine="".join(LINES))
    assert sha256(text.encode()) == "0c0fe6ed9771fb1ed25b26a41b841a6742035bc674dc2fa8da4187a0e8efb5e6"
