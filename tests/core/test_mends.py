"""The mends: each is where it says, as often as it says, and says what it is about."""

from __future__ import annotations

import re

import pytest

from yolopatch.catalog.environment.compat import MENDS, STAGES, Mend
from yolopatch.catalog.pins import PINS
from yolopatch.core.patch.compat import mend_lines, mended
from yolopatch.errors import PatchError

ALL = [(pin, mend) for pin in MENDS for mend in MENDS[pin]]
TEXT = "a = np.int\nb = 1\nc = np.int + np.int\n"


def _mend(old: str = "np.int", new: str = "int", times: int = 3) -> Mend:
    return Mend("f.py", old, new, "numpy", "1.24", "train", "numpy 1.24 removed np.int.", times)


def test_every_pin_is_named():
    assert list(MENDS) == list(PINS)


@pytest.mark.parametrize(("pin", "mend"), ALL, ids=[f"{pin}-{mend.path}-{mend.since}" for pin, mend in ALL])
def test_a_mend_says_what_it_is_about(pin, mend):
    assert mend.stage in STAGES
    assert re.fullmatch(r"\d+(\.\d+)*", mend.since)
    assert mend.library in ("numpy", "opencv-python", "pillow", "python", "setuptools", "torch")
    assert re.fullmatch(r"[\w.]+ [\d.]+ .*\.", mend.because), "the library, its version, and what that did"
    assert f" {mend.since} " in mend.because
    assert mend.old != mend.new


@pytest.mark.parametrize("pin", PINS)
def test_the_lines_of_a_mend_are_the_pins(pin, pristine_tree):
    for mend in MENDS[pin]:
        text = (pristine_tree(pin) / mend.path).read_text()
        lines = text.splitlines(keepends=True)
        found = mend_lines(mend, text)
        assert len(found) == mend.times
        assert all(mend.old in lines[number - 1] for number in found)


def test_the_lines_are_counted_from_one_and_named_as_often_as_they_break():
    assert mend_lines(_mend(), TEXT) == (1, 3, 3)


def test_every_place_is_mended():
    added = mended([_mend(), _mend("b = 1", "b = 1\nb += 1", times=1)], {"f.py": TEXT})
    assert [(a.at, a.text, a.replaces) for a in added] == [
        (0, "a = int\n", 1),
        (1, "b = 1\nb += 1\n", 1),
        (2, "c = int + int\n", 1),
    ]


@pytest.mark.parametrize(("mend", "count"), [(_mend(times=2), 3), (_mend("np.float", times=1), 0)])
def test_a_mend_that_is_not_where_it_says_is_refused(mend, count):
    with pytest.raises(PatchError, match=r"the mend of f\.py for numpy 1\.24 does not match the pin") as caught:
        mend_lines(mend, TEXT)
    assert caught.value.details[1] == f"found:    {count} times"
    assert "mends.py" in caught.value.hint
