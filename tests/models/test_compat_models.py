"""The mends change nothing that is computed, and with them v6.1 trains, validates, predicts and is exported."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import matplotlib
import pytest

from yolopatch.catalog.environment.fix_patches import COMPAT
from yolopatch.steps.data.shapes import ShapesRequest, make_shapes
from yolopatch.steps.workspace.apply import apply

from ..of_tutorials import MODULES

MENDED = ("ultralytics-8.2.50", "ultralytics-8.3.0", "yolov5-pypi-6.1.0", "yolov5-6.1")
# One of each upstream at once; the other two hold the same mends.
QUICK = ("yolov5-pypi-6.1.0",)

COMPUTE = """
import hashlib, json, sys
import numpy as np, torch
upstream, package, cfg = sys.argv[1:]

def digest(values):
    if isinstance(values, (list, tuple)):
        return [digest(value) for value in values]
    array = values.detach().numpy() if isinstance(values, torch.Tensor) else np.asarray(values)
    return hashlib.sha256(np.ascontiguousarray(array).tobytes()).hexdigest()

torch.manual_seed(0)
if upstream == "ultralytics":
    from ultralytics.nn.tasks import DetectionModel
    from ultralytics.utils.metrics import ap_per_class
    model = DetectionModel(cfg, verbose=False)
    drawn = []
else:
    sys.path.insert(0, package)
    from models.yolo import Model
    from utils.metrics import ap_per_class
    from utils.plots import Annotator
    model = Model(cfg)
    picture = Annotator(np.full((90, 120, 3), 90, np.uint8), pil=True)
    picture.box_label([20, 40, 80, 80], "j\\u00fcg 0.5")
    picture.text((5, 80), "jgA")
    drawn = picture.result()
random = np.random.default_rng(0)
right, classes = random.random((200, 10)) > 0.5, random.integers(0, 4, 200)
ap = ap_per_class(right, random.random(200), classes, random.integers(0, 4, 90), names=dict(enumerate("abcd")))
output = model.eval()(torch.rand(1, 3, 64, 64))
print("COMPUTED", json.dumps(digest([output, list(ap), drawn])))
"""


@pytest.fixture
def mended(need_pin, tmp_path, cache):
    """Make a workspace with the mends, and modules if they are named."""

    def make(pin: str, *modules: str) -> Path:
        need_pin(pin)
        return apply(pin, modules, "paper", tmp_path / "mended", "auto", cache, fix_patches=[COMPAT]).workspace

    return make


@pytest.fixture
def font(tmp_path):
    """The font that v6.1 would fetch when it is imported."""
    fonts = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
    (tmp_path / "Arial.ttf").write_bytes((fonts / "DejaVuSans.ttf").read_bytes())


@pytest.mark.more
@pytest.mark.parametrize("pin", [pin if pin in QUICK else pytest.param(pin, marks=pytest.mark.slow) for pin in MENDED])
def test_outputs_metrics_and_drawings_are_bit_identical(
    pin, own_code_runs, mended, font, pristine_tree, in_upstream, base_cfg
):
    own_code_runs(pin)
    upstream = pin.partition("-")[0]
    cfg = base_cfg({"ultralytics-8.2.50": "yolov8", "ultralytics-8.3.0": "yolo11"}.get(pin, "yolov5"), "n")
    told = []
    for tree in (pristine_tree(pin), mended(pin, *MODULES)):
        package = tree / "yolov5" if pin == "yolov5-pypi-6.1.0" else tree
        out = in_upstream(tree, COMPUTE, upstream, package, cfg)
        told.append(next(line for line in out.splitlines() if line.startswith("COMPUTED")))
    assert told[0] == told[1]


@pytest.mark.more
def test_a_mended_workspace_is_verified_beside_the_mended_base(mended, base_cfg, yolopatch):
    place, cfg = mended("ultralytics-8.2.50"), base_cfg("yolov8", "n")
    checks = ("--check", "provenance", "--check", "base-parity")
    ran = yolopatch("verify", place, "--cfg", cfg, *checks, "--json")
    assert ran.code == 0, ran.out
    assert [ran.check(name)["status"] for name in checks[1::2]] == ["pass", "pass"]


# A step of v6.1 as a person calls it, and what it leaves.
RUN = "--img 64 --batch 4 --workers 0 --device cpu"
STEPS = (
    (f"train.py --weights '' --cfg {{cfg}} --data {{data}} --epochs 1 {RUN} --name t", "t/weights/best.pt"),
    (f"val.py --weights {{best}} --data {{data}} {RUN} --name v", "v"),
    ("detect.py --weights {best} --source {images} --img 64 --device cpu --name d", "d"),
    ("export.py --weights {best} --img 64 --device cpu --include torchscript onnx", "t/weights/best.onnx"),
    (f"train.py --weights {{best}} --data {{data}} --epochs 1 {RUN} --name f", "f/weights/best.pt"),
)


@pytest.mark.slow
def test_a_mended_v6_1_trains_validates_predicts_and_is_exported(mended, font, tmp_path):
    place = mended("yolov5-6.1")
    made = make_shapes(ShapesRequest(tmp_path / "shapes", images=8, side=64))
    named = {
        "cfg": place / "models" / "yolov5n.yaml",
        "data": _as_yolov5(made.data),
        "best": tmp_path / "runs" / "t" / "weights" / "best.pt",
        "images": tmp_path / "shapes" / "images" / "val",
    }
    for step, left in STEPS:
        _run(place, step.format(**named), tmp_path)
        assert (tmp_path / "runs" / left).exists(), step


def _as_yolov5(data: Path) -> Path:
    """Name the classes as v6.1 reads them: a list."""
    lines = [line for line in data.read_text().splitlines() if not line.startswith("names:")]
    own = data.with_name("yolov5.yaml")
    own.write_text("\n".join([*lines, "names: [disc, square, triangle]", ""]))
    return own


def _run(place: Path, step: str, folder: Path) -> None:
    script, *arguments = (word.strip("'") for word in step.split(" "))
    project = [] if script == "export.py" else ["--project", str(folder / "runs")]
    environment = {**os.environ, "YOLOV5_CONFIG_DIR": str(folder), "CUDA_VISIBLE_DEVICES": ""}
    command = [sys.executable, str(place / script), *arguments, *project]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-2000:]
    assert "Traceback" not in done.stderr, "a thread that draws"
