"""The content of the release that a fork began from, and the index that comes with yolopatch."""

from __future__ import annotations

import ast
import os
from collections import Counter

import pytest

from yolopatch.catalog.pins import PINS
from yolopatch.catalog.releases import YOLOV5_TAGS
from yolopatch.core.fork.definitions import definitions
from yolopatch.core.fork.identify import identify
from yolopatch.errors import SourceError, UsageError
from yolopatch.outside.source import bases
from yolopatch.outside.source.bases import find_base, load_index

YOLOV5 = PINS["yolov5-6.1"].git.url


@pytest.fixture
def upstream(tmp_path, git_in, monkeypatch):
    """A repository that stands for that of yolov5, with a tag; gives the commit of the tag."""
    place = tmp_path / "yolov5"
    (place / "models").mkdir(parents=True)
    (place / "models" / "yolo.py").write_text("def parse_model(d, ch):\n    pass\n")
    (place / "README.md").symlink_to("models/yolo.py")
    git_in(place, "init", "-q")
    git_in(place, "add", ".")
    git_in(place, "commit", "-q", "-m", "first")
    git_in(place, "tag", "v7.0")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)  # which may name a mirror of its own
    for key, value in (("COUNT", "1"), ("KEY_0", f"url.{place.as_uri()}.insteadOf"), ("VALUE_0", YOLOV5)):
        monkeypatch.setenv(f"GIT_CONFIG_{key}", value)
    return git_in(place, "rev-parse", "HEAD").strip()


@pytest.mark.parametrize("name", ["yolov5==7.0", "yolov5-7.0", "YOLOv5@v7.0"])
def test_a_release_of_yolov5_is_its_tag(name, upstream, tmp_path, monkeypatch):
    monkeypatch.setitem(bases.YOLOV5_TAGS, "7.0", upstream)
    found = find_base(name, tmp_path / "cache")
    assert (found.name, found.version, found.git.tag) == ("yolov5-7.0", "7.0", "v7.0")
    assert set(found.files) == {"models/yolo.py"}


def test_a_tag_that_was_moved_is_refused(upstream, tmp_path):
    with pytest.raises(SourceError, match=r"the tag v7\.0 .* is not the pin's commit"):
        find_base("yolov5==7.0", tmp_path / "cache")


def test_a_tag_that_is_not_there(upstream, tmp_path):
    with pytest.raises(SourceError, match=r"yolov5 6\.0 cannot be fetched: .* has no tag v6\.0"):
        find_base("yolov5==6.0", tmp_path / "cache")


@pytest.mark.parametrize("name", ["", "8.2.50", "torch==2.0.0", "yolov5==4.0", "yolov5-pypi-6.1.0", "yolov5", "../x"])
def test_what_names_no_release(name, tmp_path):
    with pytest.raises(UsageError):
        find_base(name, tmp_path / "cache")


@pytest.mark.parametrize(
    "pin",
    [
        "yolov5-6.1",
        *(pytest.param(name, marks=pytest.mark.slow) for name, pin in PINS.items() if pin.upstream == "ultralytics"),
    ],
)
def test_the_index_knows_every_pin(pin, package, fork):
    upstream, _, version = pin.partition("-")
    (found, *_) = identify(fork(package(pin), version, upstream), load_index(upstream))
    assert (found.release, found.changed, found.added, found.missing) == (version, 0, 0, 0)


def test_the_index_has_every_release():
    known = load_index("ultralytics").releases
    assert len(known) == len(set(known)) >= 828
    assert known[0] == "8.0.0"
    yolov5 = load_index("yolov5")
    assert [one for one in yolov5.releases if one not in yolov5.commits] == [*YOLOV5_TAGS]


def test_the_index_has_the_commits_of_yolov5_between_its_tags_and_after_them():
    known = load_index("yolov5")
    after = Counter(commit.after for commit in known.commits.values())
    assert all(count > 100 for count in after.values())
    assert [*after] == [*YOLOV5_TAGS]
    dates = [known.commits[one].date for one in known.releases if one in known.commits]
    assert dates[0] < "2021-05" < "2026-08" < dates[-1]
    assert not load_index("ultralytics").commits


def test_a_definition_of_another_release_is_told(package):
    path, index = "ultralytics/nn/modules/block.py", load_index("ultralytics")
    found = definitions(ast.parse(package("ultralytics-8.3.0")[path]))
    having = index.releases_of_definition(path, "C2PSA", found["C2PSA"])
    assert "8.3.0" in having
    assert "8.2.50" not in having
    assert index.releases_of_definition(path, "C2PSA", found["C2f"]) == ()
    assert index.releases_of_definition(path, "Own", found["C2f"]) == ()


def test_the_releases_next_to_the_base_come_first(package):
    path, index = "ultralytics/nn/modules/conv.py", load_index("ultralytics")
    nearest = index.nearest(path, package("ultralytics-8.3.0")[path], "8.3.1")
    assert set(nearest) == set(index.releases_of(path, package("ultralytics-8.3.0")[path]))
    assert nearest[0] in ("8.3.0", "8.3.1", "8.3.2")
    unknown = index.nearest(path, package("ultralytics-8.3.0")[path], "99.0")
    assert unknown[0] == max(nearest, key=index.releases.index)
