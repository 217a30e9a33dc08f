"""What a run is held against, and what its record and upstream's results say."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from yolopatch.core.reproduce.comparison import Built, compare, is_dead_as_predicted
from yolopatch.core.training.results import losses, map50, read_columns, read_results
from yolopatch.core.training.run import Attempt, Run, Wanted, read_run, write_run

BUILT = Built(1000, {"Conv": 3, "RefConv": 4, "Detect": 1})
DEAD = {"checks": [{"id": "input-dependence", "status": "fail", "summary": "the same output for every image"}]}
ALIVE = {"checks": [{"id": "input-dependence", "status": "pass", "summary": ""}]}


def outcome(**changes) -> dict:
    """What the probe tells of a run in which all is well."""
    seen = {"objects": 2, "score": 0.8}
    return {
        "model": {"parameters": 1000, "classes": dict(BUILT.classes), "finite": True},
        "validated": {"train": {"map50": 0.7}, "val": {"map50": 0.4}},
        "predicted": seen,
        "exported": {"torchscript": {"predicted": seen}, "onnx": {"predicted": seen}},
        **changes,
    }


def disagreeing(*, epochs=(3, 3), verified=ALIVE, learns=True, arrived=None, **changes) -> dict[str, str]:
    """The comparisons that are not as expected, with their reasons."""
    found = compare(BUILT, outcome(**changes), epochs, verified, learns, arrived or {})
    return {one.name: one.why for one in found if one.agrees is False}


def test_where_all_is_well_all_is_as_expected():
    assert disagreeing() == {}


def test_what_the_trainer_did_not_begin_with_is_told():
    assert disagreeing(arrived={"tensors": 712, "equal": 712}) == {}
    assert "initial weights" in disagreeing(arrived={"tensors": 712, "equal": 700})


def test_another_number_of_parameters_is_not():
    model = {"parameters": 1001, "classes": dict(BUILT.classes), "finite": True}
    assert list(disagreeing(model=model)) == ["parameters"]


def test_a_checkpoint_without_the_module_is_not():
    model = {"parameters": 1000, "classes": {"Conv": 7, "Detect": 1}, "finite": True}
    assert list(disagreeing(model=model)) == ["layers Conv", "layers RefConv"]


def test_weights_that_are_no_numbers_are_not():
    model = {"parameters": 1000, "classes": dict(BUILT.classes), "finite": False}
    assert list(disagreeing(model=model)) == ["weights"]
    # but of a model that cannot learn nothing else was to be expected
    dead = {"train": {"map50": 0.0}, "val": {"map50": 0.0}}
    assert disagreeing(model=model, validated=dead, verified=DEAD) == {}


def test_an_early_end_is_not_and_says_why():
    assert "stopped early" in disagreeing(epochs=(100, 40))["epochs"]


def test_a_quick_run_that_does_not_learn_is_not():
    poor = {"train": {"map50": 0.49}, "val": {"map50": 0.4}}
    assert list(disagreeing(validated=poor)) == ["mAP50, training images"]
    assert disagreeing(validated=poor, learns=False) == {}


def test_a_model_that_was_predicted_to_be_dead_and_is():
    dead = {"train": {"map50": 0.0}, "val": {"map50": 0.0}}
    assert is_dead_as_predicted(compare(BUILT, outcome(validated=dead), (3, 3), DEAD, True, {}))
    assert not is_dead_as_predicted(compare(BUILT, outcome(validated=dead), (3, 3), ALIVE, True, {}))
    assert not is_dead_as_predicted(compare(BUILT, outcome(), (3, 3), DEAD, True, {}))
    assert not is_dead_as_predicted(compare(BUILT, outcome(), (3, 3), ALIVE, True, {}))


def test_a_dead_model_that_learns_is_not():
    assert "input-dependence" in disagreeing(verified=DEAD)["mAP50, training images"]


def test_nan_for_a_score_is_not():
    assert "mAP50, training images" in disagreeing(validated={"train": {"map50": "NaN"}, "val": {"map50": "NaN"}})


@pytest.mark.parametrize(
    "told",
    [
        {"error": "RuntimeError: no such operator\nmore"},
        {"predicted": {"objects": 1, "score": 0.8}},
        {"predicted": {"objects": 2, "score": 0.7}},
    ],
    ids=["no file", "fewer objects", "another score"],
)
def test_an_export_that_differs_is_not(told):
    exported = {"torchscript": {"predicted": {"objects": 2, "score": 0.8}}, "onnx": told}
    assert list(disagreeing(exported=exported)) == ["onnx predicts"]


ULTRALYTICS = "epoch,time,train/box_loss,metrics/mAP50(B)\n1,2.5,3.5,0.1\n2,5.0,3.25,0.2\n"
YOLOV5 = "               epoch,      train/box_loss,     metrics/mAP_0.5\n" + " " * 19 + "0,   3.5,   0.1\n"


def test_results_of_both_upstreams_are_read():
    assert [map50(row) for row in read_results(ULTRALYTICS)] == [0.1, 0.2]
    assert [map50(row) for row in read_results(YOLOV5)] == [0.1]
    assert losses(read_results(YOLOV5)) == {"box_loss": [3.5]}
    assert losses(read_results(ULTRALYTICS)) == {"box_loss": [3.5, 3.25]}


def test_an_epoch_that_was_trained_again_counts_once():
    rows = read_results(ULTRALYTICS + "2,1.0,3.0,0.3\n3,2.0,2.5,0.4\n")
    assert [(row["epoch"], map50(row)) for row in rows] == [(1, 0.1), (2, 0.3), (3, 0.4)]


def test_a_row_that_is_being_written_is_left_out():
    assert len(read_results(ULTRALYTICS + "3,7.5,3.")) == 2


@pytest.mark.parametrize("line", ["3,7.5,nan,-", "3,7.5,nan,", "3,7.5,2.5"], ids=["a word", "nothing", "not there"])
def test_what_is_no_number_is_nan(line):
    last = read_results(f"{ULTRALYTICS}{line}\n")[-1]
    assert last["epoch"] == 3
    assert math.isnan(last["metrics/mAP50(B)"])


def test_some_columns_are_read_as_all_of_them_are():
    text = ULTRALYTICS + "\n2,1.0,3.0,0.3\n"
    every = read_columns(text)
    assert every["metrics/mAP50(B)"] == [0.1, 0.3]
    assert read_columns(text, {"metrics/mAP50(B)"}) == {name: every[name] for name in ("epoch", "metrics/mAP50(B)")}


def test_results_without_an_epoch_are_none_of_upstreams():
    with pytest.raises(KeyError, match="epoch"):
        read_results("time,loss\n1.0,2.0\n")
    assert read_results("time,loss\n") == read_results("") == []


def test_a_record_is_read_as_it_was_written():
    wanted = Wanted({"epochs": 3, "classes": (1, 2)}, "n", False, True, "c0ffee", ("a.py",), "sum", "sum")
    run = Run(
        number=2,
        wanted=wanted,
        attempts=(Attempt("2026-01-01", None, {"torch": "2.3.1"}),),
        save_dir="/runs/quick",
        arrived={"tensors": 1, "equal": 1, "differing": []},
        trained=True,
        seconds=3.5,
        outcome={"model": {}},
    )
    again = read_run(write_run(run, Path("/post/runs/2"), Path("/post")), Path("/post/runs/2"))
    assert again.wanted.comparable() == wanted.comparable()
    assert again.attempts == run.attempts
    assert (again.number, again.save_dir, again.trained, again.seconds) == (2, "/runs/quick", True, 3.5)


@pytest.mark.parametrize(
    ("save_dir", "found"),
    [
        ("/post/runs/2/results", "/copy/runs/2/results"),
        ("/post/workspace/runs/detect/train", "/copy/workspace/runs/detect/train"),
        ("/elsewhere/train", "/elsewhere/train"),  # as upstream was told to
        ("/post-2/train", "/post-2/train"),
        (None, None),
    ],
)
def test_a_run_of_a_folder_that_is_moved_or_copied_has_its_results_there(save_dir, found):
    wanted = Wanted({}, "n", base=False, quick=True, commit="", edited=(), cfg="", data="")
    data = write_run(Run(2, wanted, save_dir=save_dir), Path("/post/runs/2"), Path("/post"))
    again = read_run(data, Path("/copy/runs/2"))
    assert again is not None
    assert again.save_dir == (str(Path(found)) if found else None)


@pytest.mark.parametrize("data", [b"", b"[]", b'{"number": 1}', b"\xff"], ids=["empty", "a list", "half", "no text"])
def test_what_is_no_record_is_none(data):
    assert read_run(data, Path("run")) is None
