"""A text with edits: insertions, replacements, and both at one line."""

from __future__ import annotations

import pytest

from yolopatch.core.edits import Edit, splice

TEXT = "a\nb\nc\n"


@pytest.mark.parametrize(
    ("edits", "expected"),
    [
        ([], TEXT),
        ([(0, "first\n", 0)], "first\na\nb\nc\n"),
        ([(3, "last\n", 0)], "a\nb\nc\nlast\n"),
        ([(1, "B\n2\n", 1)], "a\nB\n2\nc\n"),
        ([(0, "", 3)], ""),
        ([(1, "x\n", 0), (1, "y\n", 0), (1, "B\n", 1)], "a\nx\ny\nB\nc\n"),
        ([(0, "", 1), (0, "", 1)], "b\nc\n"),  # the same line, removed for two reasons, is one line
        ([(0, "A\n", 2), (1, "", 1)], "A\nc\n"),
    ],
)
def test_edits_belong_to_the_lines_of_the_text_as_it_was(edits, expected):
    assert splice(TEXT, [Edit("f", *edit) for edit in edits]) == expected


def test_only_a_newline_ends_a_line():
    assert Edit("f", 0, "a\x0cb\r\nc").lines == ("a\x0cb\r\n", "c")
    assert splice("one\x0cstill one\ntwo\n", [Edit("f", 1, "x\n", 1)]) == "one\x0cstill one\nx\n"


def test_an_edit_ends_where_the_next_line_stays():
    assert (Edit("f", 2, "x\n").end, Edit("f", 2, "x\n", 3).end) == (2, 5)
