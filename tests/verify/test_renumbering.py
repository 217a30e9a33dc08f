"""A row was taken out of a YAML, or put in, and the rows behind it still say the old numbers."""

from __future__ import annotations

import pytest

from yolopatch.steps.verify.verify import verify
from yolopatch.wire.statuses import FAIL, PASS

from .conftest import PIN

pytestmark = pytest.mark.more

SPPF = "  - [-1, 1, SPPF, [1024, 5]]"
PSA = "  - [-1, 2, C2PSA, [1024]]"
DOWN = "  - [-1, 1, Conv, [512, 3, 2]]"
IDENTITY = "  - [-1, 1, nn.Identity, []]"


@pytest.fixture
def edited(base_cfg):
    """Give YOLO11's YAML with each of the lines that begin like the keys replaced."""

    def write(*changes: tuple[str, str]):
        file = base_cfg("yolo11", "n")
        lines = file.read_text().splitlines()
        for old, new in changes:
            place = next(number for number, line in enumerate(lines) if line.startswith(old))
            lines[place] = new
        file.write_text("\n".join(lines) + "\n")
        return file

    return write


def found_by(workspace, cfg, check):
    (found,) = verify(workspace, cfg, "n", checks=(check,)).checks
    return found


@pytest.mark.parametrize(
    ("old", "gone", "reads"),
    [
        (SPPF, "layer 9 of the base (SPPF) was taken out", "layer 22 (Detect) read [15, 18, 21]"),
        (PSA, "layer 10 of the base (C2PSA) was taken out", "layer 20 (Concat) read [-1, 9]"),
        (DOWN, "of the base (Conv) was taken out", ""),
    ],
)
def test_a_row_that_was_taken_out_is_named_with_the_rows_to_renumber(old, gone, reads, edited, full_workspace):
    found = found_by(full_workspace(PIN), edited((old, "")), "build")
    assert found.status == FAIL
    if not reads:  # renumbered, it does not build either: a stride is missing
        assert "old numbers" not in found.hint
        return
    assert gone in found.hint
    assert reads in found.hint


@pytest.mark.parametrize("check", ["only-intended", "input-dependence"])
def test_a_row_that_was_put_in_is_named_with_the_rows_to_renumber(check, edited, full_workspace):
    found = found_by(full_workspace(PIN), edited((SPPF, f"{SPPF}\n{IDENTITY}")), check)
    assert found.status == FAIL
    assert "layer 10 (nn.Identity) was inserted" in found.hint
    assert "layer 24 (Detect) read [17, 20, 23]" in found.hint


def test_the_renumbered_file_is_right(edited, full_workspace):
    file = edited((SPPF, f"{SPPF}\n{IDENTITY}"))
    text = file.read_text()
    for old, new in (("[-1, 13]", "[-1, 14]"), ("[-1, 10]", "[-1, 11]"), ("[16, 19, 22]", "[17, 20, 23]")):
        assert old in text
        text = text.replace(old, new)
    file.write_text(text)
    assert found_by(full_workspace(PIN), file, "only-intended").status == PASS


def test_another_mistake_is_not_put_down_to_numbers(edited, full_workspace):
    file = edited((SPPF, f"{SPPF}\n  - [-1, 1, nn.Conv2d, [7, 8]]"))
    found = found_by(full_workspace(PIN), file, "build")
    assert found.status == FAIL
    assert "old numbers" not in found.hint
