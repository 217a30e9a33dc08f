"""Whole real files that look changed and are not, or that are another release's; and what lies around."""

from __future__ import annotations

import ast

import pytest

from yolopatch.core.fork.changes import CHANGED, FORMATTING, LEFTOVER, LOSS, NOTHING
from yolopatch.core.fork.difference.difference import read_difference
from yolopatch.core.fork.tree import ForkTree

_PIN = "ultralytics-8.2.50"


def _read(base, files, **options):
    changes = read_difference(base, ForkTree("Own", "ultralytics", files, options.pop("beside", {}), ""), **options)
    return {change.path: change for change in changes}


def test_line_ends_and_a_formatter_change_nothing(release):
    base = release(_PIN)
    crlf = {path: data.replace(b"\n", b"\r\n") for path, data in base.items() if path.endswith((".py", ".yaml"))}
    written = {
        path: ast.unparse(ast.parse(data)).encode()  # other quotes, no comments, one line for each statement
        for path, data in base.items()
        if path.startswith("ultralytics/utils/l")
    }
    changes = _read(base, {**base, **crlf, **written})
    assert {change.kind for change in changes.values()} == {FORMATTING}
    assert {change.affects for change in changes.values()} == {(NOTHING,)}
    assert changes["ultralytics/utils/loss.py"].what == "only formatting, comments or docstrings differ"
    assert changes["ultralytics/cfg/default.yaml"].what == "only line ends differ"


@pytest.mark.parametrize("left", [b"(SPPF)", b"the SPPF layer", b"no text"])
def test_a_renamed_class_is_told_once(release, edited, left):
    base = release(_PIN)
    places = {
        path: _renamed(data, left)
        for path, data in base.items()
        if b"SPPF" in data and path.endswith((".py", "v8/yolov8.yaml"))
    }
    changes = _read(base, {**base, **places})
    parts = [(change.path, part.name, part.affects, part.what) for change in changes.values() for part in change.parts]
    assert parts == [("ultralytics/nn/modules/block.py", "FastPool", (NOTHING,), "`SPPF` under another name")]
    assert changes["ultralytics/cfg/models/v8/yolov8.yaml"].what == "only names of renamed modules differ"


def _renamed(data: bytes, left: bytes) -> bytes:
    """Return a file with another name for SPPF, but for one text of it."""
    return data.replace(left, b"\0").replace(b"SPPF", b"FastPool").replace(b"\0", left)


def test_a_file_of_another_release_is_told_as_that(small):
    text = "def run(x):\n    return x * 2\n"

    def releases_of(path: str, data: bytes) -> tuple[str, ...]:
        return ("8.3.0", "8.3.1") if data == text.encode() else ()

    change = small(
        {"engine/trainer.py": "def run(x):\n    return x\n"}, {"engine/trainer.py": text}, releases_of=releases_of
    )
    assert (change["engine/trainer.py"].kind, change["engine/trainer.py"].release) == (CHANGED, "8.3.0")


def test_a_loss_that_comes_from_a_changed_copy_is_found(release, edited):
    base = release(_PIN)
    copied = edited(base, [("ultralytics/utils/loss.py", "loss[2] *= self.hyp.dfl", "loss[2] *= self.hyp.dfl * 2")])
    old = "from ultralytics.utils.loss import (\n"
    new = "from ultralytics.utils.loss2 import v8DetectionLoss\nfrom ultralytics.utils.loss import (\n"
    files = edited(
        base, [("ultralytics/nn/tasks.py", old, new), ("ultralytics/nn/tasks.py", "    v8DetectionLoss,\n", "")]
    )
    files["ultralytics/utils/loss2.py"] = copied["ultralytics/utils/loss.py"]
    changes = _read(base, files)
    (redirected,) = changes["ultralytics/nn/tasks.py"].parts
    assert redirected.what == "comes from `ultralytics.utils.loss2`, not from `ultralytics.utils.loss`"
    assert (redirected.name, redirected.affects) == ("v8DetectionLoss", (LOSS,))
    changed = [part for part in changes["ultralytics/utils/loss2.py"].parts if part.what.startswith("unlike")]
    assert [(part.name, part.affects, part.used) for part in changed] == [("v8DetectionLoss.__call__", (LOSS,), True)]
    assert "`loss[2] *= self.hyp.dfl * 2`, not `loss[2] *= self.hyp.dfl`" in changed[0].what


def test_what_lies_in_a_fork_by_accident_is_a_leftover(release):
    base = release(_PIN)
    within = (
        "ultralytics/.ipynb_checkpoints/loss-checkpoint.py",
        "ultralytics/utils/__pycache__/loss.cpython-39.pyc",
        "ultralytics/utils/loss copy.py",
        "ultralytics/.idea/workspace.xml",
        "ultralytics/yolov8n.pt",
        "ultralytics/runs/train/exp/args.yaml",
    )
    beside = {"runs/train/exp/a.png": 2000, "runs/train/exp/b.png": 3000, "yolov8n.pt": 6_000_000, "my.egg-info/x": 1}
    changes = _read(base, {**base, **dict.fromkeys(within, b"")}, beside=beside)
    assert {change.kind for change in changes.values()} == {LEFTOVER}
    assert set(changes) == {*within, "runs/", "yolov8n.pt", "my.egg-info/"}
    assert changes["runs/"].what == "beside the package: results of runs (2 files, 5.0 KB)"
    assert changes["yolov8n.pt"].what == "beside the package: weights (6.0 MB)"
