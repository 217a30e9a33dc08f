"""The compatibility fixes: each occurs where and as often as it says, and says what it is about."""

from __future__ import annotations

import re

import pytest

from yolopatch.catalog.environment.compat import COMPAT_FIXES, STAGES, CompatFix
from yolopatch.catalog.pins import PINS
from yolopatch.core.patch.compat import broken_lines, compat_edits
from yolopatch.errors import PatchError

ALL = [(pin, fix) for pin in COMPAT_FIXES for fix in COMPAT_FIXES[pin]]
TEXT = "a = np.int\nb = 1\nc = np.int + np.int\n"


def _fix(old: str = "np.int", new: str = "int", times: int = 3) -> CompatFix:
    return CompatFix("f.py", old, new, "numpy", "1.24", "train", "numpy 1.24 removed np.int.", times=times)


def test_every_pin_is_named():
    assert list(COMPAT_FIXES) == list(PINS)


@pytest.mark.parametrize(("pin", "fix"), ALL, ids=[f"{pin}-{fix.path}-{fix.since}" for pin, fix in ALL])
def test_a_fix_says_what_it_is_about(pin, fix):
    assert fix.stage in STAGES
    assert re.fullmatch(r"\d+(\.\d+)*", fix.since)
    assert fix.library in ("numpy", "opencv-python", "pillow", "python", "setuptools", "torch")
    assert re.fullmatch(r"[\w.]+ [\d.]+ .*\.", fix.because), "the library, its version, and what that did"
    assert f" {fix.since} " in fix.because
    assert fix.old != fix.new


@pytest.mark.parametrize("pin", PINS)
def test_the_lines_of_a_fix_are_the_pins(pin, pristine_tree):
    for fix in COMPAT_FIXES[pin]:
        text = (pristine_tree(pin) / fix.path).read_text()
        lines = text.splitlines(keepends=True)
        found = broken_lines(fix, text)
        assert len(found) == fix.times
        assert all(fix.old in lines[number - 1] for number in found)


def test_the_lines_are_counted_from_one_and_named_as_often_as_they_break():
    assert broken_lines(_fix(), TEXT) == (1, 3, 3)


def test_every_occurrence_is_fixed():
    added = compat_edits([_fix(), _fix("b = 1", "b = 1\nb += 1", times=1)], {"f.py": TEXT})
    assert [(a.at, a.text, a.replaces) for a in added] == [
        (0, "a = int\n", 1),
        (1, "b = 1\nb += 1\n", 1),
        (2, "c = int + int\n", 1),
    ]


@pytest.mark.parametrize(("fix", "count"), [(_fix(times=2), 3), (_fix("np.float", times=1), 0)])
def test_a_fix_that_is_not_where_it_says_is_refused(fix, count):
    with pytest.raises(
        PatchError, match=r"the compatibility fix of f\.py for numpy 1\.24 does not match the pin"
    ) as caught:
        broken_lines(fix, TEXT)
    assert caught.value.details[1] == f"found:    {count} times"
    assert "environment/compat.py" in caught.value.hint
