"""Upstream's own training with a loss of a module: it learns with it, and its state is in every checkpoint."""

from __future__ import annotations

import json

import pytest

from yolopatch.steps.data.shapes import ShapesRequest, make_shapes

TRAIN = """
import json, sys
import torch
from ultralytics import YOLO

cfg, data, out = sys.argv[1:]
kept = dict(epochs=2, imgsz=64, batch=2, workers=0, optimizer="SGD", amp=False, device="cpu", project=out, plots=False,
            verbose=False, val=False, exist_ok=True)


class Killed(Exception):
    pass


def kill(trainer):
    if trainer.epoch == 0 and trainer.epochs == 2:
        raise Killed


def means(model):
    return {name: float(value) for name, value in model.state_dict().items() if "box_loss" in name}


seen = {}
model = YOLO(cfg)
model.add_callback("on_model_save", kill)


def lower(trainer):
    # the mean of a training that has gone on for long: in two epochs it moves by less than float16 can tell
    seen["first"] = means(trainer.model)
    for name, buffer in trainer.model.named_buffers():
        if "box_loss" in name:
            buffer.fill_(0.5)


model.add_callback("on_train_start", lower)
try:
    model.train(data=data, name="run", **kept)
    raise SystemExit("it was not killed")
except Killed:
    pass
last = f"{out}/run/weights/last.pt"
stored = torch.load(last, map_location="cpu", weights_only=False)
seen["saved"] = means(stored["ema"].float())
again = YOLO(last)
again.add_callback("on_train_start", lambda trainer: seen.update(resumed=means(trainer.model)))
again.add_callback("on_train_end", lambda trainer: seen.update(trained=means(trainer.model)))
again.add_callback("on_train_end", lambda trainer: seen.update(loss=trainer.tloss.tolist()))
again.train(resume=True, data=data, **{**kept, "project": out, "name": "run"})
final = torch.load(last, map_location="cpu", weights_only=False)
seen["final"] = means((final.get("ema") or final["model"]).float())
print("SEEN " + json.dumps(seen))
"""


@pytest.fixture
def seen(with_loss, in_upstream, base_cfg, tmp_path):
    """Train on shapes in a workspace with a loss, kill it after an epoch, go on; returns the states that were seen."""

    def run(pin: str, model: str, name: str) -> dict:
        made = make_shapes(ShapesRequest(tmp_path / "shapes", "detect", images=16, side=64))
        told = in_upstream(with_loss(pin, name), TRAIN, base_cfg(model, "n"), made.data, tmp_path / "runs")
        line = next(line for line in told.splitlines() if line.startswith("SEEN "))
        return json.loads(line.removeprefix("SEEN "))

    return run


@pytest.mark.slow
@pytest.mark.parametrize(
    ("pin", "model", "names"),
    [
        ("ultralytics-8.2.50", "yolov8", ["model.22.box_loss_mean"]),
        ("ultralytics-8.3.0", "yolo11", ["model.23.box_loss_mean"]),
        ("ultralytics-8.4.0", "yolo26", ["model.23.box_loss_mean", "model.23.box_loss_one2one_mean"]),
    ],
)
def test_the_running_mean_survives_a_killed_training(pin, model, names, seen):
    told = seen(pin, model, "WIoU")
    assert told["first"] == dict.fromkeys(names, 1.0)
    for name in names:
        # upstream goes on from the averaged weights, and so does the mean; float16 holds it to a thousandth
        assert told["saved"][name] == pytest.approx(0.5, abs=0.02)
        assert told["resumed"][name] == pytest.approx(told["saved"][name], abs=1e-3)
        assert told["trained"][name] != told["resumed"][name]
        assert told["final"][name] == pytest.approx(told["trained"][name], abs=0.01)
    assert all(0 < part < 100 for part in told["loss"])


TRAIN_V5 = """
import json, sys
import torch
from yolov5 import train

cfg, data, out, hyp = sys.argv[1:]
train.run(cfg=cfg, data=data, weights="", epochs=2, imgsz=64, batch_size=2, workers=0, device="cpu", project=out,
          name="run", noplots=True, exist_ok=True)
last = torch.load(f"{out}/run/weights/last.pt", map_location="cpu", weights_only=False)
state = (last["ema"] or last["model"]).float().state_dict()
print("SEEN " + json.dumps({name: float(value) for name, value in state.items() if "box_loss" in name}))
"""


@pytest.mark.slow
def test_yolov5_trains_with_it_and_keeps_its_mean(with_loss, in_upstream, base_cfg, tmp_path):
    made = make_shapes(ShapesRequest(tmp_path / "shapes", "detect", images=32, side=64))
    place = with_loss("yolov5-pypi-6.1.0")
    told = in_upstream(place, TRAIN_V5, base_cfg("yolov5", "n"), made.data, tmp_path / "runs", "")
    line = next(line for line in told.splitlines() if line.startswith("SEEN "))
    (mean,) = json.loads(line.removeprefix("SEEN ")).values()
    assert 0 < mean < 1
