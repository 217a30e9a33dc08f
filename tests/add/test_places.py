"""Modules for every place of a model: joins, samplers, the slots at the backbone's end, heads."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from yolopatch.catalog.pins import PINS
from yolopatch.outside.own.own_catalog import load_own_catalog
from yolopatch.steps.own.add import AddedModule, AddRequest, add
from yolopatch.steps.own.try_pins import REFUSED

PLACES = Path(__file__).parent / "places"
# by file, what the user says of it
SAID = {
    "WSum": {"like": "Concat", "args": "inputs, c2"},
    "PixUp": {"like": "Upsample"},
    "PoolDown": {"like": "downsample"},
    "PyramidPool": {"like": "SPPF", "args": "c1, c2, k"},
    "GateStage": {"like": "C2PSA"},
    "Mix": {"like": "Detect", "args": "inputs, width=64", "outputs": "[64] * count"},
    "TinyBackbone": {"like": "backbone"},
    "SharedHead": {"like": "Detect", "args": "nc, inputs", "name": "SharedHead"},
}
TOGETHER = ("WSum", "PixUp", "PoolDown", "PyramidPool", "Mix")
QUICK = ("build", "scale", "only-intended", "forward", "head", "gradient-flow", "inert")


@pytest.fixture(scope="module")
def added_places(tmp_path_factory, cache, cached_pins) -> tuple[Path, dict[str, AddedModule]]:
    """A catalog with a module for each place, and what `add` said of each."""
    folder = tmp_path_factory.mktemp("places")
    found = {name: add(AddRequest(PLACES / f"{name}.py", **said), folder, cache) for name, said in SAID.items()}
    load_own_catalog(folder / "nothing")
    return folder, found


@pytest.fixture
def places(added_places, monkeypatch) -> Iterator[dict[str, AddedModule]]:
    """The same, as the user's own for one test."""
    folder, found = added_places
    monkeypatch.setenv("YOLOPATCH_CATALOG", str(folder))
    load_own_catalog(folder)
    yield found
    load_own_catalog(folder / "nothing")


@pytest.fixture
def rows(yolopatch, tmp_path):
    """Render a module into a family's model; returns the rows."""

    def render(name: str, model: str, *options: str) -> list[list]:
        folder = tmp_path / "rows"
        ran = yolopatch("render-cfg", "--module", name, "--model", model, "--scale", "n", "--out", folder, *options)
        assert ran.code == 0, ran.err
        (file,) = folder.glob("*.yaml")
        data = yaml.safe_load(file.read_text())
        return [*data["backbone"], *data["head"]]

    return render


def test_a_join_stands_in_each_concats_place(places, rows):
    found = rows("WSum", "yolo11")
    assert [row[:2] + row[2:] for row in found if row[2] == "WSum"] == [
        [[-1, 6], 1, "WSum", []],
        [[-1, 4], 1, "WSum", []],
        [[-1, 13], 1, "WSum", []],
        [[-1, 10], 1, "WSum", []],
    ]
    assert not any(row[2] == "Concat" for row in found)


def test_an_up_sampler_stands_in_the_place_of_upstreams(places, rows):
    assert [row for row in rows("PixUp", "yolov8") if row[2] == "PixUp"] == [[-1, 1, "PixUp", []]] * 2


def test_the_slots_at_the_backbones_end_keep_their_arguments(places, rows):
    assert rows("PyramidPool", "yolo11")[9] == [-1, 1, "SPPF_PyramidPool", [1024, 5]]


def test_a_slot_with_repeats_keeps_them(places, rows):
    assert rows("GateStage", "yolo11")[10] == [-1, 2, "C2PSA_GateStage", [1024]]


def test_a_head_stands_in_the_last_place(places, rows):
    assert rows("Mix", "yolo26")[-1] == [[16, 19, 22], 1, "Detect_Mix", ["nc"]]


def test_a_backbone_stands_for_all_of_it_with_a_row_for_each_map_that_is_read(places, rows):
    found = rows("TinyBackbone", "yolo11")
    assert found[:6] == [
        [-1, 1, "TinyBackbone", []],
        [0, 1, "Index_TinyBackbone", [-3]],
        [0, 1, "Index_TinyBackbone", [-2]],
        [0, 1, "Index_TinyBackbone", [-1]],
        [-1, 1, "SPPF", [1024, 5]],
        [-1, 2, "C2PSA", [1024]],
    ]
    assert found[7] == [[-1, 2], 1, "Concat", [1]]
    assert len(found) == 19


@pytest.mark.parametrize(
    ("name", "model", "placement", "said"),
    [
        ("WSum", "yolo11", "9", "WSum can replace only layers of the class Concat"),
        ("WSum", "yolo11", "+9", "WSum can replace only layers of the class Concat"),
        ("PixUp", "yolo11", "12", "PixUp can replace only layers of the class nn.Upsample"),
        ("PyramidPool", "yolo11", "10", "PyramidPool can replace only layers of the class SPPF"),
        ("PoolDown", "yolo11", "2", "only a Conv can be replaced"),
        ("PoolDown", "yolov5", "10", "PoolDown supports stride 2, not 1"),
        ("Mix", "yolo11", "22", "Mix is a head, and can replace only the last layer"),
        ("DSConv", "yolo11", "23", "is the model's output and is replaced only by a head"),
        ("TinyBackbone", "yolo11", "0,1", "TinyBackbone replaces the whole backbone"),
        ("TinyBackbone", "yolo11", "12", "TinyBackbone replaces layers 0 to 8"),
        ("GateStage", "yolov8", "c2psa", "placement c2psa selects no layer of yolov8"),
    ],
)
def test_another_place_is_refused_with_the_rule(name, model, placement, said, places, yolopatch):
    ran = yolopatch("render-cfg", "--module", name, "--model", model, "--placement", placement)
    assert ran.code == 2
    assert said in ran.err


def test_a_pin_without_the_class_that_a_module_replaces_refuses_it(places, need_pin):
    need_pin("ultralytics-8.2.50")
    (found,) = (one for one in places["GateStage"].pins if one.pin == "ultralytics-8.2.50")
    assert found.state == REFUSED
    assert found.why == "GateStage stands for C2PSA, which is not in ultralytics-8.2.50"


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (("--like", "Conv", "--outputs", "c1"), "a module in the place of Conv has its channels from the row"),
        (("--like", "Concat", "--args", "c1, c2", "--outputs", "c3"), "it is more than numbers and inputs, count"),
        (("--like", "Concat", "--args", "c1, c2", "--outputs", "sum("), "it is not an expression"),
    ],
)
def test_wrong_output_channels_are_refused(said, why, own_catalog, yolopatch):
    ran = yolopatch("add", PLACES / "PoolDown.py", *said)
    assert ran.code == 2
    assert why in ran.err


@pytest.mark.more
@pytest.mark.parametrize(
    "pin",
    [
        "ultralytics-8.3.0",
        *(
            pytest.param(pin, marks=pytest.mark.slow)
            for pin in ("ultralytics-8.2.50", "ultralytics-8.4.0", "yolov5-pypi-6.1.0")
        ),
    ],
)
def test_modules_in_all_places_of_one_model_pass(pin, places, yolopatch, need_pin, compat_option, tmp_path):
    need_pin(pin)
    words = [word for name in TOGETHER for word in ("--module", name)]
    ran = yolopatch("apply", "--repo", pin, *words, *compat_option(pin), "--dest", tmp_path / "ws")
    assert ran.code == 0, ran.err
    ran = yolopatch("render-cfg", *words, "--model", PINS[pin].model, "--scale", "n", "--out", tmp_path / "cfg")
    assert ran.code == 0, ran.err
    (cfg,) = (tmp_path / "cfg").glob("*.yaml")
    chosen = [word for check in QUICK for word in ("--check", check)]
    ran = yolopatch("verify", tmp_path / "ws", "--cfg", cfg, "--imgsz", "320", *chosen, "--json")
    assert (ran.code, ran.json["verdict"]) == (0, "pass"), ran.out
    assert [check["id"] for check in ran.json["checks"] if check["status"] != "pass"] == []
    assert len(ran.json["replaced"]) == 12


def test_a_module_in_a_backbones_place_is_not_placed_with_another(places, yolopatch):
    words = ("--module", "TinyBackbone", "--module", "DSConv")
    ran = yolopatch("render-cfg", *words, "--model", "yolo11", "--placement", "DSConv:backbone-down")
    assert ran.code == 2
    assert "are both placed on layers 1, 3, 5, 7 of yolo11" in ran.err


@pytest.mark.slow
@pytest.mark.parametrize("module", ["SharedHead", "TinyBackbone"])
def test_a_head_and_a_backbone_of_their_own_pass(module, places, yolopatch, need_pin, tmp_path):
    need_pin("ultralytics-8.3.0")
    ran = yolopatch("apply", "--repo", "ultralytics-8.3.0", "--module", module, "--dest", tmp_path / "ws")
    assert ran.code == 0, ran.err
    ran = yolopatch("render-cfg", "--module", module, "--model", "yolo11", "--scale", "n", "--out", tmp_path)
    (cfg,) = tmp_path.glob("*.yaml")
    ran = yolopatch("verify", tmp_path / "ws", "--cfg", cfg, "--imgsz", "320", "--json")
    wrong = {check["id"]: check["summary"] for check in ran.json["checks"] if check["status"] == "fail"}
    assert wrong == {}
