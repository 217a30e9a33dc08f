"""A recipe holds what its post prints, and its script passes that on."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
from jinja2 import FileSystemLoader

from yolopatch.catalog.module import FLAVORS
from yolopatch.catalog.modules import MODULES
from yolopatch.catalog.pins import PINS
from yolopatch.catalog.reproduce.recipes import RECIPES, departures, find_recipe, on_pin
from yolopatch.catalog.resources import templates_dir
from yolopatch.core.templates import template_environment
from yolopatch.core.training.script import Script, entry_of, script_text, tutorial_script
from yolopatch.errors import UsageError

SEEDS = Path(__file__).resolve().parents[3] / "shared" / "seeds"

needs_seeds = pytest.mark.skipif(not SEEDS.is_dir(), reason=f"the tutorials' documents are not at {SEEDS}")


def printed_call(document: str) -> dict[str, object]:
    """Return the arguments of `model.train(...)` in a document, in which a comment may run into the next line."""
    text = (SEEDS / f"{document}.txt").read_text("utf-8")
    call = text.partition("model.train(")[2].partition(")")[0]
    call = re.sub(r"# ?[a-z]+='[^']*'", "", call)  # an argument that is commented out
    return {key: ast.literal_eval(value) for key, value in re.findall(r"([a-z_]+)\s*=\s*('[^']*'|[A-Za-z0-9]+)", call)}


@needs_seeds
@pytest.mark.parametrize("tutorial", ["yolo26-refconv", "yolo26-dynamicconv", "yolo11-c3k2-dsconv"])
def test_every_printed_argument_is_in_the_recipe_in_its_order(tutorial):
    recipe = RECIPES[tutorial]
    assert list(recipe.printed.items()) == list(printed_call(recipe.document).items())


@needs_seeds
@pytest.mark.parametrize("tutorial", list(RECIPES))
def test_the_title_is_the_documents(tutorial):
    recipe = RECIPES[tutorial]
    assert recipe.title in (SEEDS / f"{recipe.document}.txt").read_text("utf-8")


@needs_seeds
@pytest.mark.parametrize("tutorial", ["yolo26-refconv", "yolo26-dynamicconv", "yolo11-c3k2-dsconv"])
def test_the_script_builds_the_file_that_the_post_builds(tutorial):
    recipe = RECIPES[tutorial]
    assert f"YOLO('{recipe.model}')" in (SEEDS / f"{recipe.document}.txt").read_text("utf-8")


def test_every_module_with_a_tutorial_has_a_recipe():
    assert {recipe.module for recipe in RECIPES.values()} == {one.name for one in MODULES.values() if one.tutorial}


@pytest.mark.parametrize("name", ["yolo26-refconv", "YOLO26_RefConv"])
def test_names_are_folded(name):
    assert find_recipe(name).module == "RefConv"


def test_an_unknown_tutorial_gets_the_nearest():
    with pytest.raises(UsageError, match="unknown tutorial 'yolo26-refcon'") as caught:
        find_recipe("yolo26-refcon")
    assert "yolo26-refconv" in caught.value.hint


@pytest.mark.parametrize("flavor", FLAVORS)
@pytest.mark.parametrize("tutorial", list(RECIPES))
def test_every_departure_has_a_reason_and_no_gap(tutorial, flavor):
    told = departures(RECIPES[tutorial], flavor, [])
    assert told
    assert all(one.what and one.why and "{" not in one.what + one.why for one in told)


def script_of(tutorial: str, pin: str) -> str:
    recipe = on_pin(RECIPES[tutorial], PINS[pin])
    return script_text(tutorial_script(recipe), PINS[pin], template_environment(FileSystemLoader(templates_dir())))


@pytest.mark.parametrize("tutorial", list(RECIPES))
def test_the_script_passes_every_argument_on(tutorial, tmp_path, monkeypatch):
    recipe = RECIPES[tutorial]
    called = run_script(script_of(tutorial, recipe.tutorial.pin), [], tmp_path, monkeypatch)
    assert called == {"model": recipe.model or None, **recipe.arguments}


def test_the_script_takes_changes(tmp_path, monkeypatch):
    script = script_of("yolo26-refconv", "ultralytics-8.4.0")
    called = run_script(
        script, ["epochs=3", "device=cpu", "model=other.yaml", "data=/a b/c.yaml"], tmp_path, monkeypatch
    )
    assert called["epochs"] == 3
    assert called["device"] == "cpu"
    assert called["model"] == "other.yaml"
    assert called["data"] == "/a b/c.yaml"
    assert called["optimizer"] == "MuSGD"


@pytest.mark.parametrize("tutorial", ["yolo26-refconv", "yolov5-dynamic"])
def test_the_script_goes_on_from_a_checkpoint(tutorial, tmp_path, monkeypatch):
    script = script_of(tutorial, RECIPES[tutorial].tutorial.pin)
    called = run_script(script, ["resume=runs/last.pt"], tmp_path, monkeypatch)
    expected = {"model": "runs/last.pt", "resume": True} if tutorial == "yolo26-refconv" else {"resume": "runs/last.pt"}
    assert called == {"model": None, **expected}


def run_script(text: str, words: list[str], folder: Path, monkeypatch) -> dict[str, object]:
    """Run the script with an upstream that only takes down how it is called."""
    called: dict[str, object] = {"model": None}
    (folder / "ultralytics.py").write_text(
        "class YOLO:\n    def __init__(self, model): CALLED['model'] = model\n"
        "    def train(self, **arguments): CALLED.update(arguments)\n"
    )
    (folder / "train.py").write_text("def run(**arguments): CALLED.update(arguments)\n")
    modules = {}
    for name in ("ultralytics", "train"):
        module = type(ast)(name)
        module.CALLED = called
        exec((folder / f"{name}.py").read_text(), vars(module))
        modules[name] = module
    for name, module in modules.items():
        monkeypatch.setitem(__import__("sys").modules, name, module)
    monkeypatch.setattr("sys.argv", ["script.py", *words])
    exec(compile(text, "script.py", "exec"), {"__name__": "__main__"})
    return called


def test_on_the_repackaged_yolov5_paths_have_its_prefix():
    recipe = on_pin(RECIPES["yolov5-dynamic"], PINS["yolov5-pypi-6.1.0"])
    assert recipe.cfg == recipe.printed["cfg"] == "yolov5/models/yolov5_dynamic.yaml"
    assert "yolov5-pypi-6.1.0" in departures(recipe, "tutorial", [])[0].what
    assert "from yolov5 import train" in script_of("yolov5-dynamic", "yolov5-pypi-6.1.0")


def test_another_family_is_refused():
    with pytest.raises(UsageError, match="about yolo26"):
        on_pin(RECIPES["yolo26-refconv"], PINS["ultralytics-8.3.0"])


@pytest.mark.parametrize(("head", "entry"), [("RTDETRDecoder", "RTDETR"), ("v10Detect", "YOLO"), ("Detect", "YOLO")])
def test_a_script_trains_with_upstreams_own_class_for_the_head(head, entry):
    script = Script("train_arm.py", "Train.", "trains", "model.yaml", (), entry=entry_of(head))
    text = script_text(script, PINS["ultralytics-8.2.50"], template_environment(FileSystemLoader(templates_dir())))
    assert f"from ultralytics import {entry}\n" in text
    assert f"{entry}(arguments.pop(" in text
