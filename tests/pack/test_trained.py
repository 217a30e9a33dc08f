"""What few bits cost a model that has learnt something."""

from __future__ import annotations

from pathlib import Path

import pytest

PIN = "ultralytics-8.3.0"

_VALIDATE = """
import sys
from ultralytics import YOLO
weights, data, folder = sys.argv[1:]
options = {"imgsz": 160, "batch": 8, "workers": 0, "device": "cpu", "plots": False, "project": folder}
print("mAP50", YOLO(weights).val(data=data, **options).box.map50)
"""


@pytest.fixture
def trained_base(yolopatch, need_pin, tmp_path):
    """A YOLO11n that upstream trained on generated images, and their data YAML."""
    need_pin(PIN)
    folder = tmp_path / "trained"
    words = ("--flavor", "paper", "--base", "--run", "--quick", "--no-measure", "--json")
    ran = yolopatch("reproduce", "yolo11-c3k2-dsconv", "--dest", folder, *words)
    assert ran.code == 0, ran.err
    return Path(ran.json["run"]["weights"]), folder / "datasets" / "shapes" / "data.yaml"


@pytest.mark.slow
def test_eight_bits_cost_a_trained_model_at_most_a_point(
    trained_base, yolopatch, full_workspace, module_cfg, in_upstream, tmp_path
):
    weights, data = trained_base
    workspace = full_workspace(PIN)
    cfg, _ = module_cfg("DSConv", "yolo11", "n", "paper", block=True)
    init, packed, back = (tmp_path / name for name in ("init.pt", "init.packed.pt", "back.pt"))
    for words in (
        ("transplant", workspace, "--cfg", cfg, "--nc", 3, "--weights", weights, "--out", init),
        ("pack", workspace, "--weights", init, "--bits", 8, "--out", packed),
        ("unpack", workspace, "--weights", packed, "--out", back),
    ):
        ran = yolopatch(*words)
        assert ran.code == 0, ran.err

    def score(file: Path) -> float:
        said = in_upstream(workspace, _VALIDATE, file, data, tmp_path / "val")
        return float(next(line.split()[1] for line in said.splitlines() if line.startswith("mAP50 ")))

    before = score(weights)
    assert before > 0.5, "a base that has learnt nothing shows nothing"
    assert score(back) > before - 0.01
