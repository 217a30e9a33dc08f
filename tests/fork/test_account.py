"""What a reader is told of a fork's changes."""

from __future__ import annotations

from yolopatch.core.fork.account import account
from yolopatch.core.fork.changes import CHANGED, EVALUATION, LOSS, FileChange, Part

PATH = "ultralytics/utils/metrics.py"
PARTS = (
    Part("bbox_iou", 9, CHANGED, (LOSS, EVALUATION), "`eps` is `1e-6`, not `1e-7`"),
    Part("smooth", 4, CHANGED, (EVALUATION,), "`f` is `0.1`, not `0.05`"),
    Part("unused", 2, CHANGED, (EVALUATION,), "`x` is added", used=False),
)


def _told(release: str) -> list[tuple[str, int, str]]:
    change = FileChange(PATH, CHANGED, (LOSS, EVALUATION), "2 definitions", PARTS, release)
    found = account([change], [], []).beside
    return [(area, item.line, item.what) for area, items in found.items() for item in items]


def test_each_change_of_the_author_is_told_in_its_area():
    assert _told("") == [(LOSS, 9, PARTS[0].what), (EVALUATION, 4, PARTS[1].what)]


def test_a_file_that_another_release_has_is_told_as_that():
    assert _told("8.2.30") == [(LOSS, 0, "the file as 8.2.30 has it")]
