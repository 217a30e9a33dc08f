"""`--quick`: arguments with which a nano model learns the generated shapes in one or two minutes on a CPU."""

from __future__ import annotations

from collections.abc import Mapping

SCALE = "n"
LEARNT = 0.5  # mAP50 on the training images; a model that can learn reaches it
SEED = 0  # of the generated set

# No augmentation: the model has to learn the training images themselves.
_AS_THEY_ARE: Mapping[str, object] = {
    "mosaic": 0.0,
    "scale": 0.0,
    "translate": 0.0,
    "fliplr": 0.0,
    "hsv_h": 0.0,
    "hsv_s": 0.0,
    "hsv_v": 0.0,
}
_ULTRALYTICS: Mapping[str, object] = {
    "epochs": 40,
    "imgsz": 160,
    "device": "cpu",
    "batch": 4,
    "nbs": 4,  # one optimizer step for each batch
    "workers": 0,
    "optimizer": "AdamW",
    "lr0": 0.003,
    "warmup_epochs": 0,
    **_AS_THEY_ARE,
    "name": "quick",
}
_YOLOV5: Mapping[str, object] = {
    "epochs": 60,
    "imgsz": 160,
    "device": "cpu",
    "batch_size": 4,
    "workers": 0,
    "optimizer": "AdamW",
    "name": "quick",
}
# yolov5 6.1 reads these from a file. Its warm-up takes at least 1000 batches, longer than this training: the learning
# rate reaches a third of lr0, and an optimizer step covers a few batches instead of 64 images. The package on PyPI
# counts the warm-up in epochs of six batches. Both scale `obj` with the image's area, and `cls` with the number of
# classes.
HYPERPARAMETERS: Mapping[str, object] = {
    "warmup_epochs": 167.0,
    "lr0": 0.03,
    "momentum": 0.9,
    "warmup_bias_lr": 0.003,
    "obj": 16.0,
    "cls": 13.0,
    **_AS_THEY_ARE,
}


def quick_arguments(style: str) -> Mapping[str, object]:
    """Return the arguments for an upstream of this style."""
    return _YOLOV5 if style == "yolov5" else _ULTRALYTICS
