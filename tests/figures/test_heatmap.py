"""`yolopatch heatmap`: maps of real models on real images, and everything that stops one before it is written."""

from __future__ import annotations

import array
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image, ImageFont

from yolopatch.core.figures.palette import heat_colours
from yolopatch.outside.figures.fonts import find_font, font_folders
from yolopatch.outside.figures.heat_picture import Tile, draw_fields, draw_maps, largest_shown
from yolopatch.wire.figures import FoundObject, Heat

PIN = "ultralytics-8.3.0"


@pytest.fixture
def photo(tmp_path):
    """A small image in a folder of its own."""
    folder = tmp_path / "photos"
    folder.mkdir()
    Image.linear_gradient("L").convert("RGB").resize((96, 64)).save(folder / "a photo.png")
    return folder / "a photo.png"


@pytest.mark.slow
def test_two_models_stand_side_by_side_and_are_counted(spawn, checkpoint, full_workspace, photo, tmp_path):
    base, out = checkpoint(PIN), tmp_path / "maps"
    words = ("--images", photo.parent, "--imgsz", 64, "--workspace", full_workspace(PIN), "--out", out, "--json")
    ran = spawn("heatmap", f"base={base}", f"ours={base}", *words)
    assert ran.code == 0, ran.err
    told = ran.json
    assert [item["name"] for item in told["items"]] == ["base", "ours"]
    assert told["items"][0]["layers"] == [16, 19, 22]
    scores = [one["score"] for one in told["items"][0]["maps"][0]["objects"]]
    assert scores
    assert scores == sorted(scores, reverse=True)
    assert told["files"] == [str(out / "a photo-layercam.png")]
    with Image.open(told["files"][0]) as drawn:
        assert drawn.width > 3 * 64
        assert round(drawn.info["dpi"][0]) == 300
    again = spawn("heatmap", f"base={base}", *words)
    assert again.code == 3
    assert "already exists" in again.err


@pytest.mark.slow
def test_a_receptive_field_is_measured_without_weights(spawn, full_workspace, base_cfg, photo, tmp_path):
    cfg, out = base_cfg("yolo11", "n"), tmp_path / "maps"
    words = ("--images", photo, "--imgsz", 64, "--workspace", full_workspace(PIN), "--out", out, "--json")
    ran = spawn("heatmap", cfg, "--erf", "--layer", 2, *words)
    assert ran.code == 0, ran.err
    (found,) = ran.json["items"][0]["maps"]
    assert 0 < found["sides"]["0.2"] <= found["sides"]["0.5"] <= found["sides"]["0.95"] <= 64
    assert (out / "erf.png").is_file()


@pytest.mark.slow
def test_a_model_that_finds_nothing_and_a_layer_that_is_not_there(spawn, checkpoint, full_workspace, photo, tmp_path):
    base, out = checkpoint(PIN, form="blind"), tmp_path / "maps"
    words = (base, "--images", photo, "--imgsz", 64, "--workspace", full_workspace(PIN), "--out", out)
    nothing = spawn("heatmap", *words)
    assert (nothing.code, "finds nothing on these images" in nothing.err) == (1, True), nothing.err
    absent = spawn("heatmap", *words, "--layer", 24)
    assert (absent.code, "has no layer 24; nothing was written" in absent.err) == (2, True), absent.err
    assert "expected: a number from 0 to 23" in absent.err
    head = spawn("heatmap", *words, "--layer", 23, "--method", "eigencam")
    assert (head.code, "layer 23 (Detect) returns no feature map" in head.err) == (1, True), head.err
    assert not out.exists()


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("a.yaml",), 2, "has learned nothing"),
        (("none.pt",), 2, "none.pt does not exist"),
        (("best.pt", "--images", "none"), 2, "none does not exist"),
        (("best.pt", "--images", "empty"), 2, "has no images"),
        (("best.pt", "--images", "bad"), 1, "cannot be read"),
        (("best.pt", "--imgsz", "100"), 2, "not a multiple of 32"),
        (("best.pt", "--conf", "2"), 2, "no score between 0 and 1"),
        (("best.pt", "--limit", "0"), 2, "no image is left"),
        (("best.pt", "--method", "magic"), 2, "layercam"),
        (("best.pt", "--scale", "n"), 2, "which has one scale"),
    ],
)
def test_wrong_words_write_nothing(yolopatch, full_workspace, photo, tmp_path, monkeypatch, words, code, said):
    monkeypatch.chdir(tmp_path)
    for folder in ("empty", "bad"):
        (tmp_path / folder).mkdir()
    (tmp_path / "bad" / "torn.jpg").write_bytes(b"\xff\xd8\xff\xe0 torn")
    for name in ("a.yaml", "best.pt"):
        (tmp_path / name).write_text("nc: 1\n")
    before = sorted(tmp_path.rglob("*"))
    images = () if "--images" in words else ("--images", photo)
    ran = yolopatch("heatmap", *words, *images, "--workspace", full_workspace(PIN))
    assert (ran.code, said in ran.err) == (code, True), ran.err
    assert sorted(tmp_path.rglob("*")) == before


def _heat(folder: Path, name: str, value: float, objects=()) -> Heat:
    (folder / f"{name}.values").write_bytes(array.array("f", [value] * 64 * 64).tobytes())
    (folder / f"{name}.picture").write_bytes(bytes(64 * 64 * 3))
    return Heat("", 64, 64, str(folder / f"{name}.values"), str(folder / f"{name}.picture"), objects, {})


def test_all_maps_have_one_colour_scale(tmp_path):
    tiles = [Tile("low", _heat(tmp_path, "low", 1.0)), Tile("high", _heat(tmp_path, "high", 8.0))]
    assert largest_shown(tiles) == 8.0
    assert largest_shown(tiles[:1]) == 1.0


def test_a_class_is_written_as_asked_and_an_edge_cuts_no_box(tmp_path):
    found = FoundObject("猫", 3, 0.5, (-5.0, -5.0, 70.0, 70.0))
    tile = Tile("ours", _heat(tmp_path, "a", 1.0, (found,)))
    font = find_font("class 3")
    assert draw_maps([tile], {3: "class 3"}, "times the mean", font).startswith(b"\x89PNG")


def test_what_the_scale_counts_is_whole_below_small_images(tmp_path):
    said = "LayerCAM, times the mean of the map; layers 16, 19, 22"
    tile, font = Tile("ours", _heat(tmp_path, "a", 1.0)), find_font("abc")
    for draw in (lambda unit: draw_maps([tile], {}, unit, font), lambda unit: draw_fields([tile], unit, font)):
        short, long = (Image.open(BytesIO(draw(unit))).convert("L") for unit in ("mean", said))
        assert long.width > short.width
        # nothing dark at the right edge: no letter is cut
        assert min(long.crop((long.width - 20, 0, long.width, long.height)).getdata()) == 255


def test_a_font_has_every_letter_or_is_not_taken(tmp_path):
    assert find_font("abc", (tmp_path,)) is None
    (tmp_path / "broken.ttf").write_bytes(b"no font")
    found = find_font("Ω é 0", font_folders())
    if found is None:
        pytest.skip("no font here")
    ImageFont.truetype(str(found), 12)
    assert find_font("\U00013000 a", (found.parent,)) is None


def test_colours_get_lighter_so_that_grey_print_keeps_their_order():
    light = [0.299 * r + 0.587 * g + 0.114 * b for r, g, b in heat_colours()]
    assert light == sorted(light)
