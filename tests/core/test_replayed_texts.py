"""Texts and trees of a user's commit on another base: what is merged without a look by the user, and what is not."""

from __future__ import annotations

import pytest

from yolopatch.core.replay.conflicts import BOTH_ADD, NO_FILE, WE_DELETE, YOU_DELETE, YOU_MOVE, contested_files
from yolopatch.core.replay.raw_commit import read_raw
from yolopatch.core.replay.texts import Sides, make_sides, read_hunks, with_ends
from yolopatch.core.replay.three_way import (
    Change,
    Contested,
    Files,
    Leaf,
    both_file_and_folder,
    merge_trees,
    put_merged,
)

OLD, MINE, NEW = (Leaf("100644", digit * 40) for digit in "123")


def test_what_only_one_side_changes_is_taken():
    tree = {"theirs": NEW, "same": MINE, "mine": OLD, "gone": OLD, "kept": NEW}
    changes = {
        "same": Change(OLD, MINE),
        "mine": Change(OLD, MINE),
        "gone": Change(OLD, None),
        "never": Change(OLD, None),
        "added": Change(None, MINE),
    }
    merged, contested = merge_trees(changes, tree, {})
    assert merged == {"theirs": NEW, "same": MINE, "mine": MINE, "kept": NEW, "added": MINE}
    assert contested == []


def test_what_both_change_is_contested_and_stays_for_now():
    merged, contested = merge_trees({"f": Change(OLD, MINE)}, {"f": NEW}, {})
    assert (merged, contested) == ({"f": NEW}, [Contested("f", OLD, MINE, NEW)])


def test_a_moved_file_takes_the_changes_of_the_new_base_along():
    changes = {"a": Change(OLD, None), "b": Change(None, MINE)}
    merged, (one,) = merge_trees(changes, {"a": NEW}, {"a": "b"})
    assert one == Contested("b", OLD, MINE, NEW, moved_from="a")
    put_merged(merged, one, NEW)
    assert merged == {"b": NEW}


def test_a_file_that_is_moved_and_gone_is_contested():
    changes = {"a": Change(OLD, None), "b": Change(None, MINE)}
    _, contested = merge_trees(changes, {}, {"a": "b"})
    assert contested == [Contested("b", OLD, MINE, None, moved_from="a")]


@pytest.mark.parametrize(
    ("one", "why"),
    [
        (Contested("f", OLD, None, NEW), YOU_DELETE),
        (Contested("f", OLD, MINE, None), WE_DELETE),
        (Contested("g", OLD, MINE, None, moved_from="f"), YOU_MOVE),
        (Contested("f", None, MINE, NEW), BOTH_ADD),
        (Contested("f", OLD, Leaf("120000", "4" * 40), NEW), NO_FILE),
        (Contested("f", OLD, Leaf("160000", "4" * 40), NEW), NO_FILE),
    ],
)
def test_what_no_merge_of_texts_can_settle(one, why):
    assert contested_files(one) == why


@pytest.mark.parametrize(
    ("yours", "ours", "mode", "blob"),
    [
        (Leaf("100755", OLD.blob), NEW, "100755", NEW.blob),
        (MINE, Leaf("100755", OLD.blob), "100755", MINE.blob),
        (Leaf("100755", MINE.blob), Leaf("100755", MINE.blob), "100755", MINE.blob),
        (MINE, NEW, "100644", None),
    ],
)
def test_modes_and_contents_are_merged_apart(yours, ours, mode, blob):
    files = Files(OLD, yours, ours)
    assert (files.mode, files.blob) == (mode, blob)


def test_a_path_that_is_a_file_and_a_folder():
    assert both_file_and_folder(["a", "a/b/c", "d/e", "a-", "d/e/f"]) == ["a", "d/e"]


@pytest.mark.parametrize(
    ("before", "yours", "ours", "end"),
    [
        ("\n", "\r\n", "\n", b"\r\n"),  # an editor of the user's
        ("\n", "\n", "\r\n", b"\r\n"),
        ("\r\n", "\n", "\r\n", b"\n"),
    ],
)
def test_line_ends_that_one_side_changed_are_changed_in_the_result(before, yours, ours, end):
    sides = make_sides(*(f"a{one}b{one}".encode() for one in (before, yours, ours)))
    assert (sides.before, sides.yours, sides.ours) == (b"a\nb\n",) * 3
    assert with_ends(b"a\nb\n", sides) == b"a" + end + b"b" + end


@pytest.mark.parametrize("text", [b"a\r\nb\n", b"a\nb\r\n"])
def test_mixed_line_ends_are_left_alone(text):
    sides = make_sides(b"a\nb\n", text, b"a\nb\n")
    assert sides.yours == text
    assert with_ends(text, sides) == text


def test_lines_of_a_text_are_never_taken_for_markers():
    assert make_sides(b"a\n", b"=======\n", b"<<<<<<<<<<\n").marker_size == 11
    assert make_sides(b"a\n", b"b\n", b"c\n").marker_size == 7


def test_hunks_name_the_line_in_the_users_file():
    yours = "one\nx\ntwo\nx\nmine\nx\nthree\n"
    merged = "one\nx\nours\ntwo\nx\n<<<<<<< yolopatch\nnew\n=======\nmine\n>>>>>>> yours\nx\n"
    merged += "<<<<<<< yolopatch\nother\n=======\n>>>>>>> yours\nthree\n"
    first, second = read_hunks(merged.encode(), Sides(b"", yours.encode(), b"", b"\n"))
    assert (first.line, first.yours, first.base) == (5, ("mine",), ("new",))
    assert (second.line, second.yours, second.base) == (7, (), ("other",))


def test_of_equal_lines_the_one_after_the_same_lines_is_named():
    yours = "x\na\nx\nb\nx\nc\n"
    merged = "x\na\nx\nb\n<<<<<<< yolopatch\ny\n=======\nx\n>>>>>>> yours\nc\n"
    (hunk,) = read_hunks(merged.encode(), Sides(b"", yours.encode(), b"", b"\n"))
    assert hunk.line == 5


RAW = b"""tree 1111111111111111111111111111111111111111
parent 2222222222222222222222222222222222222222
author A <a@b> 1 +0130
committer C <c@d> 2 -0800
encoding ISO-8859-1
x-more yes

caf\xe9

parent 3333333333333333333333333333333333333333
gpgsig in the message is no signature
"""


def test_a_commit_on_another_parent_is_the_same_otherwise():
    raw = read_raw(RAW)
    assert raw.parents == ("2" * 40,)
    assert not raw.is_signed
    assert raw.on("4" * 40, "5" * 40) == RAW.replace(b"1" * 40, b"5" * 40).replace(b"2" * 40, b"4" * 40)


@pytest.mark.parametrize("header", [b"gpgsig", b"gpgsig-sha256"])
def test_a_signature_is_seen(header):
    signature = header + b" -----BEGIN SSH SIGNATURE-----\n abc\n"
    assert read_raw(RAW.replace(b"x-more yes\n", signature)).is_signed


def test_two_parents_and_no_message():
    raw = read_raw(b"tree 1\nparent 2\nparent 3\nauthor a\ncommitter b\n\n")
    assert raw.parents == ("2", "3")
    assert raw.on("9", "8").endswith(b"committer b\n\n")
