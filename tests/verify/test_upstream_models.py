"""No correct model fails: upstream's own detection models of every family pass every check."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from yolopatch.catalog.model.models import find_model
from yolopatch.catalog.pins import PINS
from yolopatch.catalog.resources import templates_dir
from yolopatch.outside.files.model_yaml import read_cfg
from yolopatch.steps.model.render import render
from yolopatch.steps.model.render_request import RenderRequest
from yolopatch.steps.verify.verify import verify
from yolopatch.wire.statuses import FAIL, PASS

# by pin, the family's other detection models, as files of upstream
VARIANTS = {
    "ultralytics-8.2.50": [
        "v8/yolov8-p2",
        "v8/yolov8-p6",
        "v8/yolov8-ghost",
        "v8/yolov8-ghost-p2",
        "v8/yolov8-ghost-p6",
    ],
    "ultralytics-8.4.0": ["26/yolo26-p2", "26/yolo26-p6"],
    "yolov5-pypi-6.1.0": [
        *(f"hub/yolov5-{name}" for name in ("bifpn", "fpn", "p2", "p34", "p6", "p7", "panet")),
        *(f"hub/yolov5s{name}" for name in ("6", "-ghost", "-transformer")),
    ],
}
# by pin, models of upstream's that have another head, and are trained in another way, or are other networks
OTHERS = {
    "ultralytics-8.2.50": ["rt-detr/rtdetr-l", "v8/yolov8-rtdetr", "v8/yolov8-world", "v10/yolov10n", "v9/yolov9c"],
    "ultralytics-8.3.0": [
        *(
            "rt-detr/rtdetr-l",
            "v8/yolov8-rtdetr",
            "v8/yolov8-world",
            "v8/yolov8-worldv2",
            "v8/yolov8-p2",
            "v8/yolov8-p6",
        ),
        *("v8/yolov8-ghost", "v10/yolov10n", "v9/yolov9t", "v5/yolov5-p6", "v6/yolov6", "v3/yolov3-tiny"),
    ],
    "ultralytics-8.4.0": [
        *("26/yolo26-p2", "rt-detr/rtdetr-l", "12/yolo12", "v10/yolov10n"),
        *(f"v8/yolov8-{name}" for name in ("rtdetr", "world", "worldv2", "p2", "p6", "ghost")),
    ],
}
# this release gives the classes of YOLOv8's head the convolutions of YOLO11's, and its files keep the older figures
OTHER_NETWORKS = {("ultralytics-8.3.0", "v8/yolov8-p6"), ("ultralytics-8.3.0", "v8/yolov8-ghost")}
OTHERS_CHECKS = (
    *("build", "scale", "only-intended", "forward", "head"),
    *("gradient-flow", "trainer-setup", "learns", "init", "base-parity", "batch-independence", "loss", "memory"),
)
FOLDERS = {"ultralytics": "ultralytics/cfg/models", "yolov5": "yolov5/models"}


def failures(workspace: Path, cfg: Path, scale: str) -> dict[str, str]:
    checks = verify(workspace, cfg, scale, imgsz=320).checks
    return {check.id: check.summary for check in checks if check.status in (FAIL, "skip")}


def at_scale(text: str, pin: str, scale: str) -> str:
    """Give a yolov5 file the scale's multiples; one of ultralytics holds every scale."""
    row = find_model(PINS[pin].model).scales[scale]
    text = re.sub(r"^depth_multiple: \S+", f"depth_multiple: {row.depth}", text, flags=re.MULTILINE)
    return re.sub(r"^width_multiple: \S+", f"width_multiple: {row.width}", text, flags=re.MULTILINE)


@pytest.mark.slow
@pytest.mark.parametrize("scale", ["n", "s"])
@pytest.mark.parametrize("pin", PINS)
def test_the_familys_model_passes_every_check(pin, scale, full_workspace, base_cfg):
    assert failures(full_workspace(pin), base_cfg(PINS[pin].model, scale), scale) == {}


@pytest.mark.slow
@pytest.mark.parametrize("scale", ["n", "s"])
@pytest.mark.parametrize(("pin", "name"), [(pin, name) for pin, names in VARIANTS.items() for name in names])
def test_the_familys_other_models_do_not_fail(pin, name, scale, pristine_tree, full_workspace, tmp_path):
    source = pristine_tree(pin) / FOLDERS[PINS[pin].upstream] / f"{name}.yaml"
    cfg = tmp_path / source.name
    cfg.write_text(at_scale(source.read_text(), pin, scale))
    assert failures(full_workspace(pin), cfg, scale) == {}


@pytest.mark.slow
@pytest.mark.parametrize(("pin", "name"), [(pin, name) for pin, names in OTHERS.items() for name in names])
def test_upstreams_other_models_do_not_fail(pin, name, pristine_tree, full_workspace, tmp_path):
    source = pristine_tree(pin) / FOLDERS["ultralytics"] / f"{name}.yaml"
    cfg = tmp_path / source.name
    cfg.write_text(source.read_text())
    letter = read_cfg(cfg).any_scale(None) if "scales:" not in source.read_text() else next(iter(read_cfg(cfg).letters))
    checks = verify(full_workspace(pin), cfg, letter, imgsz=320, checks=OTHERS_CHECKS).checks
    remarks = {check.id: check.summary for check in checks if check.status != PASS}
    said = remarks.pop("base-parity", "") if (pin, name) in OTHER_NETWORKS else ""
    assert ("builds another network than the published one" in said) == ((pin, name) in OTHER_NETWORKS)
    assert remarks == {}


# by pin, further families and files of upstream's with a module in them, and the file that is their base
PLACED = {
    "ultralytics-8.2.50": [("yolov9", "t", "SPConv", "yolov9t"), ("v8/yolov8-p2", "n", "DSConv", "yolov8-p2")],
    "ultralytics-8.3.0": [("yolov10", "s", "RefConv", "yolov10s"), ("v8/yolov8-p6", "n", "DSConv", "yolov8-p6")],
    "ultralytics-8.4.0": [("yolo12", "n", "DSConv", "yolo12"), ("26/yolo26-p2", "n", "RefConv", "yolo26-p2")],
}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("pin", "base", "scale", "module", "own"), [(p, *one) for p, found in PLACED.items() for one in found]
)
def test_a_module_in_them_does_not_fail_and_is_compared_with_its_base(
    pin, base, scale, module, own, pristine_tree, full_workspace, tmp_path
):
    file = pristine_tree(pin) / FOLDERS["ultralytics"] / f"{base}.yaml"
    of = {"source": file} if file.is_file() else {"model": base}
    request = RenderRequest((module,), scales=scale, repo=pin, out=tmp_path, **of)
    (made,) = render(request, templates_dir()).files
    letter = scale if read_cfg(made.path).letters else None
    found = verify(full_workspace(pin), made.path, letter, imgsz=320, checks=OTHERS_CHECKS)
    assert found.facts["base_cfg"].endswith(f"{own}.yaml")
    assert {check.id: check.summary for check in found.checks if check.status == FAIL} == {}
    (intended,) = (check for check in found.checks if check.id == "only-intended")
    assert (intended.status, [one["layer"] for one in intended.evidence["replaced"]]) == (PASS, list(made.layers))
