"""The release that a fork began from becomes a pin of the user's own catalog, for modules of the user's own."""

from __future__ import annotations

import pytest

from yolopatch.catalog.pins import PINS, GitSource
from yolopatch.catalog.resources import stamp_file
from yolopatch.errors import YolopatchError
from yolopatch.outside.source.releases import Release, find_release
from yolopatch.steps.port.port import save_base

ATTENTION = """
from torch import nn

class Own(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.cv = nn.Conv2d(c, c, 1)

    def forward(self, x):
        return x * self.cv(x).sigmoid()
"""


@pytest.fixture
def release(pristine_tree):
    """Make a release of yolov5 from the tag 6.1 with texts replaced in its train.py."""

    def make(version: str, old: str = "", new: str = "") -> Release:
        tree = pristine_tree("yolov5-6.1")
        paths = [path for path in tree.rglob("*") if path.is_file() and ".git" not in path.parts]
        files = {path.relative_to(tree).as_posix(): path.read_bytes() for path in paths}
        files["train.py"] = files["train.py"].replace(old.encode(), new.encode())
        git = GitSource(PINS["yolov5-6.1"].git.url, f"v{version}", "0" * 40)
        return Release(f"yolov5-{version}", version, f"git v{version}", files, git=git)

    return make


def test_a_release_of_ultralytics(pristine_tree, own_catalog, cache, yolopatch, tmp_path):
    tree = pristine_tree("ultralytics-8.2.50")
    pin = save_base(find_release(str(tree), cache), own_catalog, cache)
    assert (pin.like, pin.home, stamp_file(pin.name).is_file()) == ("ultralytics-8.2.50", own_catalog, True)
    file = tmp_path / "own.py"
    file.write_text(ATTENTION)
    assert yolopatch("add", file, "--class", "Own").code == 0
    words = ("--repo", pin.name, "--module", "Own", "--source", tree, "--dest", tmp_path / "w")
    ran = yolopatch("apply", *words, "--json")
    assert ran.code == 0, ran.err
    assert ran.json["pin"] == pin.name


def test_a_pin_stays_the_pin(pristine_tree, own_catalog, cache, release):
    assert save_base(release("6.1"), own_catalog, cache) is PINS["yolov5-6.1"]
    assert not own_catalog.exists()


@pytest.mark.parametrize(
    ("version", "old", "new"),
    [("7.0", "", ""), ("5.0", "from utils.downloads import", "from utils.google_utils import")],
)
def test_a_release_of_yolov5(version, old, new, own_catalog, cache, release):
    pin = save_base(release(version, old, new), own_catalog, cache)
    assert (pin.name, pin.like, pin.git.tag) == (f"yolov5-{version}", "yolov5-6.1", f"v{version}")
    assert "+from utils.fork import stamp" in stamp_file(pin.name).read_text()


def test_a_release_whose_checkpoints_cannot_be_stamped(own_catalog, cache, release):
    with pytest.raises(YolopatchError, match=r"yolov5-7\.0 cannot be a pin") as caught:
        save_base(release("7.0", "'optimizer': ", "'other': "), own_catalog, cache)
    assert "with the key 'optimizer'" in caught.value.details[0]
    assert "yolov5-7.0" not in PINS
