"""A parser's statements are followed with values that a stranger wrote: nothing that fills the memory is made."""

from __future__ import annotations

import ast

import pytest

from yolopatch.core.fork.rebuild.evaluate import Following, Undecided


def _value(text, **values):
    return Following(dict(values)).value(ast.parse(text, mode="eval").body)


@pytest.mark.parametrize(
    "text",
    ["args * n", "n * args", "word * n", "n * word", "[0] * n", "'%100000d' % 1", "'%*d' % (n, 1)", "'%.99999f' % 1"],
)
def test_what_may_fill_the_memory_is_not_made(text):
    with pytest.raises(Undecided):
        _value(text, args=[1, 2], word="ab", n=10**11)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("args * 2", [1, 2, 1, 2]),
        ("3 * word", "ababab"),
        ("[0] * n", [0, 0, 0]),
        ("'C2f_%s' % word", "C2f_ab"),
        ("n % 2", 1),
    ],
)
def test_what_rows_hold_is(text, found):
    assert _value(text, args=[1, 2], word="ab", n=3) == found
