"""From what a user asks to what the post's script is told."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from yolopatch.catalog.environment.fix_patches import COMPAT, SEEDS
from yolopatch.catalog.pins import PINS
from yolopatch.catalog.reproduce.recipes import RECIPES
from yolopatch.errors import UsageError
from yolopatch.steps.reproduce.repeat import run_command
from yolopatch.steps.reproduce.reproduction import ReproduceRequest
from yolopatch.steps.reproduce.run_plan import RunRequest, model_words, plan_run

SHAPES = Path("/data/shapes/data.yaml")


@pytest.fixture
def mine(tmp_path) -> str:
    """A data YAML of the user's."""
    (tmp_path / "mine.yaml").touch()
    return str(tmp_path / "mine.yaml")


@pytest.fixture
def planned(tmp_path):
    """Plan a run of a tutorial's reproduction, of which only the pin and the fix patches matter."""

    def plan(tutorial: str, fix_patches=(), **asked):
        recipe = RECIPES[tutorial]
        (tmp_path / recipe.data).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / recipe.data).with_name("VOC.yaml").touch()
        found = SimpleNamespace(
            recipe=recipe,
            workspace=SimpleNamespace(pin=PINS[recipe.tutorial.pin], path=tmp_path, fix_patches=fix_patches),
            interpreter=SimpleNamespace(executable="python"),
        )
        (tmp_path / "train.py").write_text("p.add_argument('--batch-size')\np.add_argument('--imgsz', '--img')\n")
        return plan_run(found, RunRequest(**asked), SHAPES)

    return plan


def test_the_posts_run_changes_nothing(planned):
    plan = planned("yolo26-refconv")
    assert (plan.changes, plan.differences, model_words(plan, None)) == ({}, [], {})
    assert (plan.scale, plan.epochs, plan.imgsz, plan.device) == ("n", 10, 640, None)


def test_the_seed_patch_is_a_difference_and_the_compatibility_patch_is_none(planned):
    assert planned("yolo26-refconv", fix_patches=(COMPAT,)).differences == []
    assert planned("yolo26-refconv", fix_patches=(COMPAT, SEEDS), epochs=3).differences == [
        "epochs: 10 in the post, 3 here",
        "the seed reaches the processes that load images, in the post it does not",
    ]


def test_what_is_asked_as_the_post_has_it_is_no_change(planned):
    assert planned("yolo26-refconv", epochs=10, scale="n", settings=("batch=8",)).differences == []


def test_every_change_is_told_beside_the_posts(planned):
    plan = planned("yolo26-refconv", epochs=3, scale="s", device="cpu", settings=("batch=4", "seed=7"))
    assert plan.differences == [
        "scale: n in the post, s here",
        "epochs: 10 in the post, 3 here",
        "device: not set in the post, cpu here",
        "batch: 8 in the post, 4 here",
        "seed: not set in the post, 7 here",
    ]


def test_a_post_that_names_no_epochs_has_upstreams(planned):
    assert planned("yolov8-spconv", epochs=1).differences == ["epochs: 100 in the post, 1 here"]


@pytest.mark.parametrize(
    ("tutorial", "name"),
    [
        ("yolo26-refconv", "./ultralytics/cfg/models/26/yolo26s-RefConv.yaml"),
        ("yolov8-spconv", "./ultralytics/cfg/models/v8/yolov8s-SPConv.yaml"),
        ("yolo11-c3k2-dsconv", "yolo11s-C3k2-DSConv.yaml"),
    ],
)
def test_another_scale_is_asked_for_by_the_name_that_upstream_reads(tutorial, name, planned):
    assert model_words(planned(tutorial, scale="s", device="cpu"), None) == {"model": name}


def test_yolov5_gets_a_file_of_that_scale(planned):
    assert model_words(planned("yolov5-dynamic", scale="s"), "/runs/1/yolov5_dynamic_s.yaml") == {
        "cfg": "/runs/1/yolov5_dynamic_s.yaml"
    }
    assert model_words(planned("yolov5-dynamic"), None) == {}


@pytest.mark.parametrize(
    ("tutorial", "words"),
    [
        ("yolo26-refconv", {"model": "./ultralytics/cfg/models/26/yolo26n.yaml"}),
        ("yolov5-dynamic", {"cfg": "models/yolov5l.yaml"}),
    ],
)
def test_the_base_is_upstreams_own_file_at_the_same_scale(tutorial, words, planned):
    plan = planned(tutorial, base=True)
    assert model_words(plan, None) == words
    assert plan.differences[0] == "the model is upstream's own, without the module"
    assert plan.changes["name"] == "base"


@pytest.mark.parametrize(
    ("tutorial", "words"),
    [
        ("yolo26-refconv", {"model": "/init.pt"}),  # its YAML is in it
        ("yolov5-dynamic", {"weights": "/init.pt"}),
    ],
)
def test_a_run_may_begin_with_a_checkpoint(tutorial, words, planned, mine):
    plan = planned(tutorial, weights=Path(mine))
    assert plan.differences == ["the training starts from mine.yaml, in the post from random weights"]
    assert model_words(plan, None, Path("/init.pt")) == words


def test_a_checkpoint_that_is_not_there_is_refused(planned):
    with pytest.raises(UsageError, match=r"no checkpoint nowhere\.pt"):
        planned("yolo26-refconv", weights=Path("nowhere.pt"))


@pytest.mark.parametrize("tutorial", list(RECIPES))
def test_a_quick_run_is_small_on_the_cpu_and_on_generated_data(tutorial, planned):
    plan = planned(tutorial, quick=True)
    assert (plan.scale, plan.imgsz, plan.device, plan.data) == ("n", 160, "cpu", str(SHAPES))


def test_what_yolov5_reads_from_a_file_is_told_too(planned):
    plan = planned("yolov5-dynamic", quick=True)
    assert "lr0" not in plan.changes
    assert "lr0: not set in the post, 0.03 here" in plan.differences
    assert planned("yolov5-dynamic", epochs=3).hyperparameters == {}


def test_what_is_asked_goes_before_what_quick_means(planned, mine):
    plan = planned("yolo26-refconv", quick=True, epochs=2, data=mine, settings=("imgsz=64",))
    assert (plan.epochs, plan.data, plan.imgsz) == (2, mine, 64)


def test_an_image_size_is_a_whole_number(planned):
    with pytest.raises(UsageError, match=r"--set imgsz=big: not a whole number"):
        planned("yolo26-refconv", settings=("imgsz=big",))


@pytest.mark.parametrize(
    ("tutorial", "told"),
    [("yolo26-refconv", "ultralytics/cfg/datasets/VOC.yaml"), ("yolov5-dynamic", "data/VOC.yaml")],
)
def test_a_set_of_upstreams_own_is_named_as_upstream_has_it(tutorial, told, planned):
    assert planned(tutorial, data="VOC.yaml").data == told


@pytest.mark.parametrize(
    ("asked", "learns"),
    [
        ({"quick": True}, True),
        ({"quick": True, "base": True}, True),
        ({"quick": True, "epochs": 2}, False),
        ({"quick": True, "data": "VOC.yaml"}, False),
        ({"quick": True, "scale": "s"}, False),
        ({}, False),
    ],
)
def test_only_a_quick_run_as_it_was_tried_must_learn(asked, learns, planned):
    assert planned("yolo26-refconv", **asked).learns is learns


def test_a_hint_repeats_every_option_of_a_run():
    asked = ReproduceRequest("yolov8-spconv", fix_patches=(COMPAT, SEEDS), dest=Path("a folder"))
    assert run_command(asked, RunRequest(quick=True)).endswith(
        " yolov8-spconv --compat --seeds --dest 'a folder' --run --quick"
    )
    asked = ReproduceRequest("yolov5-dynamic", "paper", repo="yolov5-pypi-6.1.0", source="pypi", python="python3.11")
    run = RunRequest(
        "mine.yaml",
        3,
        "cuda:1",
        "s",
        Path("base.pt"),
        base=True,
        settings=("batch=4", "seed=1"),
        fresh=True,
        tracker="mlflow",
    )
    assert run_command(asked, run) == (
        "yolopatch reproduce yolov5-dynamic --flavor paper --repo yolov5-pypi-6.1.0 --source pypi --python python3.11"
        " --run --data mine.yaml --epochs 3 --device 1 --scale s --weights base.pt --tracker mlflow --base --fresh"
        " --set batch=4 --set seed=1"
    )


@pytest.mark.parametrize(
    ("setting", "hint"),
    [("seed=1", "leave it out"), ("batch=4", "batch_size"), ("img=64", "imgsz"), ("lr0=0.1", "leave it out")],
)
def test_what_yolov5_would_ignore_is_refused(setting, hint, planned):
    with pytest.raises(UsageError, match=f"upstream's train.py has no option {setting.partition('=')[0]}") as caught:
        planned("yolov5-dynamic", settings=(setting,))
    assert hint in caught.value.hint
    assert planned("yolov5-dynamic", settings=("batch_size=4", "imgsz=64")).changes["batch_size"] == 4


def test_a_run_has_the_seed_that_upstream_has(planned):
    assert planned("yolo26-refconv").seed == 0
    assert planned("yolo26-refconv", settings=("seed=7",)).seed == 7
    assert planned("yolov5-dynamic").seed is None
