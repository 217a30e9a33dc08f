"""A small history of our own in the form of yolov5's: two releases, and commits after each of them."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

PARSER = '''"""Models."""

from models.common import *


def parse_model(d, ch):
    layers, c2 = [], ch[-1]
    for i, (f, n, m, args) in enumerate(d["backbone"] + d["head"]):
        m = eval(m)
        if m in {Conv, C3}:
            c1, c2 = ch[f], args[0]
            args = [c1, c2, *args[1:]]
        layers.append(m(*args))
        ch.append(c2)
    return nn.Sequential(*layers)
'''
COMMON = '''"""Layers."""

import torch.nn as nn


class Conv(nn.Module):
    def __init__(self, c1, c2, k=1, s=1):
        super().__init__()
        self.conv = nn.Conv2d(c1, c2, k, s)
        self.act = nn.SiLU()

    def forward(self, x):
        return self.act(self.conv(x))


class C3(nn.Module):
    def __init__(self, c1, c2, n=1):
        super().__init__()
        self.cv1 = Conv(c1, c2)

    def forward(self, x):
        return self.cv1(x)
'''
LOSS = '''"""Losses."""


def smooth_bce(eps=0.1):
    return 1.0 - 0.5 * eps, 0.5 * eps


class ComputeLoss:
    def __call__(self, p, targets):
        box = p - targets
        box *= self.hyp["box"]
        return box
'''
GENERAL = '''"""Helpers."""


def make_divisible(x, divisor):
    return x // divisor * divisor


def non_max_suppression(prediction, conf_thres=0.25, iou_thres=0.45):
    return prediction[prediction[..., 4] > conf_thres]
'''
TRAIN = '''"""Train a model."""

from utils.loss import ComputeLoss


def train(hyp):
    epochs = 300
    compute_loss = ComputeLoss(hyp)
    for epoch in range(epochs):
        loss = compute_loss(hyp, epoch)
        loss.backward()


if __name__ == "__main__":
    train({"box": 0.05})
'''
YAML = """nc: 80
backbone:
  - [-1, 1, Conv, [64, 3, 2]]
  - [-1, 3, C3, [64]]
head:
  - [-1, 1, Conv, [255, 1, 1]]
"""
FIRST = {
    "README.md": "# Own YOLO\n",
    "models/common.py": COMMON,
    "models/yolo.py": PARSER,
    "models/yolov5n.yaml": YAML,
    "train.py": TRAIN,
    "utils/general.py": GENERAL,
    "utils/loss.py": LOSS,
}
# Of each commit, oldest first: the tag or "", the date, and the texts that are replaced, by path.
Edit = Mapping[str, tuple[str, str]]
COMMITS: Sequence[tuple[str, str, Edit]] = (
    ("v6.2", "2022-08-17", {}),
    ("", "2022-09-01", {"utils/general.py": ("iou_thres=0.45", "iou_thres=0.5")}),
    ("", "2022-10-01", {"utils/loss.py": ("eps=0.1", "eps=0.2")}),
    ("v7.0", "2022-11-22", {"README.md": ("Own", "Our own")}),
    ("", "2023-02-01", {"train.py": ("epochs = 300", "epochs = 100")}),
    ("", "2023-03-01", {"README.md": ("# Our", "# Our very")}),
    ("", "2023-04-01", {"models/common.py": ("nn.SiLU()", "nn.SiLU(inplace=True)")}),
    ("", "2023-05-01", {"utils/loss.py": ("box *= ", "box *= 2 * ")}),
    ("", "2023-06-01", {"utils/general.py": ('"""Helpers."""', '"""Helpers of all kinds."""')}),
    ("", "2023-07-01", {"utils/general.py": ("conf_thres=0.25", "conf_thres=0.3")}),
)


@dataclass(frozen=True)
class History:
    """The repository.

    Attributes:
        place: its folder.
        commits: the id of each commit, in the order of `COMMITS`.
    """

    place: Path
    commits: tuple[str, ...]

    @property
    def tags(self) -> dict[str, str]:
        """The commit of each release, by its version."""
        return {tag[1:]: commit for (tag, _, _), commit in zip(COMMITS, self.commits) if tag}

    def files(self, number: int) -> dict[str, str]:
        """Return the texts of a commit, by path."""
        return files_of(number)


def files_of(number: int) -> dict[str, str]:
    """Return the texts of a commit of `COMMITS`, by path."""
    files = dict(FIRST)
    for _, _, edits in COMMITS[: number + 1]:
        files = edited(files, edits)
    return files


def edited(files: Mapping[str, str], edits: Edit) -> dict[str, str]:
    """Return the texts with one replaced in each of these files."""
    found = dict(files)
    for path, (old, new) in edits.items():
        assert old in found[path], (path, old)
        found[path] = found[path].replace(old, new, 1)
    return found


def write_history(place: Path) -> History:
    """Make the repository."""
    place.mkdir(parents=True)
    _git(place, "init", "-q", "-b", "master")
    found = []
    for number, (tag, date, _) in enumerate(COMMITS):
        for path, text in files_of(number).items():
            (place / path).parent.mkdir(parents=True, exist_ok=True)
            (place / path).write_text(text)
        _git(place, "add", "-A")
        _git(place, "commit", "-q", "--allow-empty", "-m", f"Commit {number}", date=date)
        if tag:
            _git(place, "tag", tag)
        found.append(_git(place, "rev-parse", "HEAD").strip())
    return History(place, tuple(found))


def _git(place: Path, *arguments: str, date: str = "2023-01-01") -> str:
    when = f"{date}T12:00:00+0000"
    who = ("-c", "user.name=A User", "-c", "user.email=user@example.org")
    variables = {**os.environ, "GIT_AUTHOR_DATE": when, "GIT_COMMITTER_DATE": when}
    command = ["git", "-C", str(place), *who, *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True, env=variables).stdout
