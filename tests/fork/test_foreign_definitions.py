"""A changed definition that another release has is told as that release's, not as the author's."""

from __future__ import annotations

import pytest

from yolopatch.core.fork.changes import ADDED, CHANGED, LOSS, FileChange, Part
from yolopatch.core.fork.foreign import with_releases
from yolopatch.core.fork.index import definition_ids, definitions_text, files_text, read_index

PATH = "ultralytics/utils/loss.py"
RELEASES = {
    "8.0.0": "class Loss:\n    def gain(self):\n        return 1\n",
    "8.1.0": "class Loss:\n    def gain(self):\n        return 2\n",
    "8.2.0": "class Loss:\n    def gain(self):\n        return 2\n\n\ndef late():\n    return 0\n",
}


@pytest.fixture(scope="module")
def index():
    """An index of three releases of one file."""
    forms: dict[str, dict[str, list[int]]] = {}
    for number, text in enumerate(RELEASES.values()):
        for name, one in definition_ids(PATH, text.encode()).items():
            forms.setdefault(name, {}).setdefault(one, []).append(number)
    return read_index("ultralytics", files_text(list(RELEASES), {}), definitions_text(len(RELEASES), {PATH: forms}))


def _told(index, text, name="Loss.gain", kind=CHANGED, release=""):
    part = Part(name, 3, kind, (LOSS,), "`2`, not `1`")
    change = FileChange(PATH, CHANGED, (LOSS,), "changes", (part,), release)
    ((found,),) = (one.parts for one in with_releases([change], {PATH: text.encode()}, index, "8.0.0"))
    return found.release, found.what


@pytest.mark.parametrize(
    "text",
    [RELEASES["8.1.0"], "class Loss:\n  def gain(self): return (2)  # more\n\nmine = 1\n"],
    ids=["plain", "formatted"],
)
def test_the_nearest_release_is_named(index, text):
    assert _told(index, text) == ("8.1.0", "as 8.1.0 has it: `2`, not `1`")


def test_what_a_later_release_added_is_named(index):
    assert _told(index, RELEASES["8.2.0"], "late", ADDED) == ("8.2.0", "as 8.2.0 has it: `2`, not `1`")


@pytest.mark.parametrize(
    ("text", "name", "release"),
    [
        ("class Loss:\n    def gain(self):\n        return 3\n", "Loss.gain", ""),
        ("class Other:\n    def gain(self):\n        return 2\n", "Other.gain", ""),
        ("class Loss:\n    gain = 2\n", "Loss.gain", ""),
        ("class Loss:\n    def gain(self:\n", "Loss.gain", ""),
        (RELEASES["8.1.0"], "Loss.gain", "8.1.0"),
    ],
    ids=["own value", "another class", "no method", "not Python", "the whole file is told"],
)
def test_nothing_else_is(index, text, name, release):
    assert _told(index, text, name, release=release) == ("", "`2`, not `1`")
