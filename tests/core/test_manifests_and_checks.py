"""Manifests of pins, and names of checks."""

from __future__ import annotations

import pytest

from yolopatch.catalog.pins import PINS
from yolopatch.core.verify.checks import choose_checks
from yolopatch.core.workspace.manifest import check_content, format_manifest, parse_manifest
from yolopatch.errors import SourceError, UsageError
from yolopatch.wire.checks import CHECKS

PIN = PINS["ultralytics-8.3.0"]
ALL = tuple(check.id for check in CHECKS)
BLOBS = {"ultralytics/nn/tasks.py": "1" * 40, "a b.txt": "2" * 40}


def test_a_manifest_is_read_as_it_is_written():
    text = format_manifest(BLOBS)
    assert text.splitlines()[0] == f"{'2' * 40} a b.txt"
    assert parse_manifest(text) == BLOBS


@pytest.mark.parametrize("text", ["", "\n", "1" * 40, f"{'1' * 39} a.py", f"{'g' * 40} a.py", "x\ny"])
def test_a_manifest_of_other_lines_is_refused(text):
    with pytest.raises(ValueError, match=r"^found: "):
        parse_manifest(text)


def test_a_difference_elsewhere_is_a_warning():
    assert check_content(PIN, BLOBS, BLOBS, "here") == ()
    (warning,) = check_content(PIN, BLOBS, {**BLOBS, "a b.txt": "3" * 40}, "here")
    assert warning == f"here differs from {PIN.name} in a b.txt: expected {'2' * 12}, found {'3' * 12}"


def test_a_difference_in_the_parser_or_the_modules_is_refused():
    many = {f"ultralytics/nn/{n}.py": "4" * 40 for n in range(10)}
    with pytest.raises(SourceError, match=r"here is not ultralytics-8\.3\.0: ultralytics/nn/0\.py differs") as caught:
        check_content(PIN, many, {}, "here")
    assert caught.value.details[0].endswith("found no such file")
    assert caught.value.details[-1] == "and 2 more"


def test_checks_are_chosen_by_name_and_keep_their_order():
    assert choose_checks([]) == ALL
    assert choose_checks([ALL[3].upper(), ALL[0]]) == (ALL[0], ALL[3])
    with pytest.raises(UsageError, match="unknown check 'gradient-flaw'") as caught:
        choose_checks(["gradient-flaw"])
    assert "gradient-flow" in caught.value.hint
