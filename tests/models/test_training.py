"""Upstream's own training, checkpoint and prediction run on a patched workspace, as a user would run them."""

import os
import subprocess
import sys

import cv2
import numpy as np
import pytest

from yolopatch.catalog.modules import MODULES

TRAIN = """
import sys
from ultralytics import YOLO
cfg, data, image, out = sys.argv[1:]
YOLO(cfg).train(data=data, epochs=1, imgsz=64, batch=4, workers=0, optimizer="SGD", amp=False, device="cpu",
                project=out, name="run", plots=False, verbose=False)
best = YOLO(f"{out}/run/weights/best.pt")
print("CLASSES", {type(layer).__name__ for layer in best.model.model})
print("PREDICTED", len(best.predict(image, imgsz=64, verbose=False)))
"""


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    """Four images, each with one square in noise."""
    folder = tmp_path_factory.mktemp("squares")
    random = np.random.default_rng(0)
    for part in ("images", "labels"):
        (folder / part).mkdir()
    for number in range(4):
        image = random.integers(0, 255, (64, 64, 3), dtype=np.uint8)
        image[16:40, 16:40] = (0, 0, 255)
        cv2.imwrite(str(folder / "images" / f"{number}.jpg"), image)
        (folder / "labels" / f"{number}.txt").write_text("0 0.4375 0.4375 0.375 0.375\n")
    (folder / "data.yaml").write_text(f"path: {folder}\ntrain: images\nval: images\nnames:\n  0: square\n")
    return folder


@pytest.mark.parametrize("module", list(MODULES))
def test_a_paper_module_trains_is_saved_and_predicts(module, full_workspace, module_cfg, dataset, tmp_path):
    path, _ = module_cfg(module, "yolo11", "n", "paper")
    environment = os.environ | {
        "PYTHONPATH": str(full_workspace("ultralytics-8.3.0")),
        "YOLO_OFFLINE": "true",
        "YOLO_AUTOINSTALL": "false",
        "YOLO_CONFIG_DIR": str(tmp_path),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    arguments = [path, dataset / "data.yaml", dataset / "images" / "0.jpg", tmp_path / "runs"]
    done = subprocess.run(
        [sys.executable, "-c", TRAIN, *map(str, arguments)],
        capture_output=True,
        text=True,
        env=environment,
        cwd=tmp_path,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    placed = MODULES[module].suffixed("C3k2" if module == "DSConv" else "Conv")
    assert f"'{placed}'" in done.stdout
    assert "PREDICTED 1" in done.stdout
