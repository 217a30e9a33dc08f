"""A stand-in for what a fork does not have: whatever computes with it names what is missing."""

from __future__ import annotations

import pytest

from yolopatch.probe.fork.absent import AbsentError, absent_of, importing, is_about_a_stand_in, named

HEADS = named("kit:HEADS", "kit.HEADS")


@pytest.mark.parametrize(
    "used",
    [lambda: (int,) + HEADS, lambda: HEADS + (int,), lambda: [int] + HEADS, lambda: HEADS + HEADS, lambda: HEADS()],
    ids=["tuple-before", "tuple-behind", "list", "two", "call"],
)
def test_a_use_names_what_is_missing(used):
    with pytest.raises(AbsentError, match=r"kit\.HEADS") as caught:
        used()
    assert caught.value.absent == "kit:HEADS"


def test_while_the_fork_is_imported_a_list_of_classes_may_have_one():
    with importing():
        assert absent_of((int,) + HEADS) == "kit:HEADS"


@pytest.mark.parametrize("used", [lambda: 3 * HEADS, lambda: (*(), len(HEADS)), lambda: "".join([HEADS])])
def test_what_python_says_of_a_stand_in_is_known_in_whatever_quotes(used):
    with pytest.raises(TypeError) as caught:
        used()
    assert is_about_a_stand_in(caught.value)
