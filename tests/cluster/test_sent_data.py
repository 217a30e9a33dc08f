"""A data set on its way to a node: the same images in the same order with the same labels, whatever its layout."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from yolopatch.errors import YolopatchError
from yolopatch.outside.data.dataset import images, label_file
from yolopatch.steps.cluster.plain_files import read_files, write_files
from yolopatch.steps.cluster.small_data import place_data, plan_data

from .conftest import write_images, write_set


def beside(place: Path):
    """Folders of images beside folders of labels, as most sets are."""
    train = write_images(place / "images" / "train", ["b.png", "a.png", "deep/c.png"])
    return [train], [write_images(place / "images" / "val", ["d.png"])]


def in_one_folder(place: Path):
    """Labels beside their images, and no folder called images."""
    return [write_images(place / "t", ["b.png", "a.png"])], [write_images(place / "v", ["c.png"])]


def without_labels(place: Path):
    """Images of nothing, and a folder `images` far above them."""
    folder = write_images(place / "images" / "photos" / "t", ["a.png"], labels=False)
    return [folder], [folder]


def images_below_parts(place: Path):
    """The parts first, and images and labels in each."""
    return [write_images(place / "train" / "images", ["a.png"])], [write_images(place / "val" / "images", ["a.png"])]


def several_sources(place: Path):
    """A part of two folders, whose images upstream sorts together."""
    first = write_images(place / "z" / "images", ["a.png", "m.png"])
    return [first, write_images(place / "b" / "images", ["a.png"])], [first]


def lists(place: Path):
    """Text files that list images: from their folder, and by whole paths."""
    folder = write_images(place / "images" / "all", ["a.png", "b.png", "c.png"])
    (place / "train.txt").write_text("./images/all/c.png\n./images/all/a.png\n", "utf-8")
    (place / "val.txt").write_text(f"{folder / 'b.png'}\n", "utf-8")
    return [place / "train.txt"], [place / "val.txt"]


LAYOUTS = [beside, in_one_folder, without_labels, images_below_parts, several_sources, lists]


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: layout.__name__)
@pytest.mark.parametrize("node", ["plain", "with/images/above"])
def test_a_small_set_comes_to_a_node_as_it_is(layout, node, tmp_path):
    train, val = layout(tmp_path / "here")
    file, data = write_set(tmp_path / "here" / "data.yaml", train, val)
    plan, files = plan_data(file, data)
    (tmp_path / node).mkdir(parents=True)
    placed = place_data(plan, files, tmp_path / node / "data", "node 1")  # it compares the fingerprints, too
    says = yaml.safe_load(placed.read_text("utf-8"))
    assert plan.is_sent
    assert says["names"] == ["disc", "square"]
    assert says["flip_idx"] == [0]
    assert not {"download", "path"} & set(says)
    for part, sources in (("train", train), ("val", val)):
        # as upstream sorts them: by their whole paths, over all sources of a part
        here = sorted(str(image) for source in sources for image in images(source))
        there = sorted(str(image) for source in says[part] for image in images(Path(source)))
        assert [Path(one).read_bytes() for one in there] == [Path(one).read_bytes() for one in here]
        labels = [[label_file(Path(one)) for one in found] for found in (here, there)]
        contents = [[one.read_bytes() if one.is_file() else None for one in found] for found in labels]
        assert contents[0] == contents[1]
    assert all(path.is_relative_to(tmp_path / node / "data") for path in (tmp_path / node).rglob("*.*"))


def test_what_upstream_made_beside_the_images_is_not_sent(data_set):
    file, data = data_set
    (file.parent / "images" / "train" / "a.npy").write_bytes(b"decoded")
    (file.parent / "images" / "train.cache").write_bytes(b"cached")
    _, files = plan_data(file, data)
    assert {Path(name).suffix for name in files} == {".png", ".txt"}


def test_of_a_large_set_the_node_must_have_the_same_paths(data_set, tmp_path):
    file, data = data_set
    plan, files = plan_data(file, data, most=200)
    assert (plan.is_sent, files) == (False, {})
    placed = place_data(plan, files, tmp_path / "node", "node 1")
    assert yaml.safe_load(placed.read_text("utf-8"))["train"] == [str(file.parent / "images" / "train")]


def test_a_missing_large_set_is_named_with_its_path(data_set, tmp_path):
    file, data = data_set
    plan, files = plan_data(file, data, most=200)
    (file.parent / "images").rename(tmp_path / "elsewhere")
    with pytest.raises(YolopatchError, match="node 1 does not have the data set") as refused:
        place_data(plan, files, tmp_path / "node", "node 1")
    assert f"expected: {file.parent / 'images' / 'train'}" in refused.value.details


@pytest.mark.parametrize("change", ["label", "image"])
def test_a_set_with_other_labels_or_images_is_refused(change, data_set, tmp_path):
    file, data = data_set
    plan, files = plan_data(file, data, most=200)
    if change == "label":
        (file.parent / "labels" / "val" / "c.txt").write_text("1 0.5 0.5 0.1 0.1\n", "utf-8")
    else:
        (file.parent / "images" / "val" / "c.png").rename(file.parent / "images" / "val" / "d.png")
    with pytest.raises(YolopatchError, match="the data set on node 1 is another one"):
        place_data(plan, files, tmp_path / "node", "node 1")


@pytest.mark.parametrize("name", ["/etc/passwd", "../up", "a/../../up", "C:/x", "a\\..\\..\\x", ""])
def test_a_file_with_a_path_out_of_its_folder_is_not_written(name, tmp_path):
    with pytest.raises(YolopatchError, match="leaves its folder"):
        write_files(tmp_path / "in", {"good": b"1", name: b"2"})
    assert list(tmp_path.rglob("*")) == []


def test_files_come_back_as_they_went(tmp_path):
    files = {"a": b"1", "b/c.txt": b"", "b/d/e": b"\x00"}
    write_files(tmp_path, files)
    assert read_files(tmp_path) == files
