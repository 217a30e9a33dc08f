"""Real releases with many small changes at once: each is told, with its line, its values and what it affects."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from yolopatch.core.fork.changes import (
    ARCHITECTURE,
    ASSIGNMENT,
    AUGMENTATION,
    CHANGED,
    DATA,
    EVALUATION,
    EXPORT,
    LOSS,
    NOTHING,
    TRAINING,
)
from yolopatch.core.fork.difference.difference import read_difference
from yolopatch.core.fork.tree import ForkTree


@dataclass(frozen=True)
class Hidden:
    """A change, and what has to be said of it."""

    path: str
    old: str
    new: str
    name: str
    affects: tuple[str, ...]
    what: str


_LOSS, _TAL, _OPS, _METRICS, _TORCH, _DEFAULT, _AUGMENT, _TRAINER, _VAL = (
    f"ultralytics/{path}"
    for path in (
        "utils/loss.py",
        "utils/tal.py",
        "utils/ops.py",
        "utils/metrics.py",
        "utils/torch_utils.py",
        "cfg/default.yaml",
        "data/augment.py",
        "engine/trainer.py",
        "models/yolo/detect/val.py",
    )
)

ULTRALYTICS = [
    Hidden(
        _LOSS,
        "loss[0] *= self.hyp.box  #",
        "loss[0] *= self.hyp.box * 1.5  #",
        "v8DetectionLoss.__call__",
        (LOSS,),
        "`loss[0] *= self.hyp.box * 1.5`, not `loss[0] *= self.hyp.box`",
    ),
    Hidden(
        _LOSS,
        "tal_topk=10):",
        "tal_topk=13):",
        "v8DetectionLoss.__init__",
        (ASSIGNMENT,),
        "the default of `tal_topk` is `13`, not `10`",
    ),
    Hidden(
        _LOSS,
        "alpha=0.5, beta=6.0",
        "alpha=1.0, beta=6.0",
        "v8DetectionLoss.__init__",
        (ASSIGNMENT,),
        "`alpha` is `1.0`, not `0.5`, in `self.assigner = TaskAlignedAssigner…`",
    ),
    Hidden(
        _TAL,
        "topk=13,",
        "topk=17,",
        "TaskAlignedAssigner.__init__",
        (ASSIGNMENT,),
        "the default of `topk` is `17`, not `13`",
    ),
    Hidden(
        _OPS,
        "iou_thres=0.45",
        "iou_thres=0.65",
        "non_max_suppression",
        (EVALUATION,),
        "the default of `iou_thres` is `0.65`, not `0.45`",
    ),
    Hidden(
        _TORCH,
        "decay=0.9999, tau",
        "decay=0.9998, tau",
        "ModelEMA.__init__",
        (TRAINING,),
        "the default of `decay` is `0.9998`, not `0.9999`",
    ),
    Hidden(_DEFAULT, "\nmosaic: 1.0", "\nmosaic: 0.5", "mosaic", (AUGMENTATION,), "`mosaic` is `0.5`, not `1.0`"),
    Hidden(_DEFAULT, "\nbox: 7.5", "\nbox: 9.0", "box", (LOSS,), "`box` is `9.0`, not `7.5`"),
    Hidden(_DEFAULT, "\niou: 0.7", "\niou: 0.6", "iou", (EVALUATION,), "`iou` is `0.6`, not `0.7`"),
    Hidden(_DEFAULT, "\namp: True", "\namp: False", "amp", (TRAINING,), "`amp` is `False`, not `True`"),
    Hidden(
        _METRICS,
        "inter = (b1_x2.minimum",
        "inter = 1.1 * (b1_x2.minimum",
        "bbox_iou",
        (LOSS, ASSIGNMENT),
        "`inter = 1.1 * (b1_x2.minimum(b2_x2) - b1_x1.maximu…`, not `inter = (b1_x2.minimum(b2_x2) - b1_x1.maximu…`",
    ),
    Hidden(
        _METRICS,
        "w = [0.0, 0.0, 0.1, 0.9]",
        "w = [0.0, 0.0, 0.5, 0.5]",
        "Metric.fitness",
        (TRAINING, EVALUATION),
        "`w = [0.0, 0.0, 0.5, 0.5]`, not `w = [0.0, 0.0, 0.1, 0.9]`",
    ),
    Hidden(
        _AUGMENT,
        "p=hyp.mosaic",
        "p=0.5",
        "v8_transforms",
        (AUGMENTATION,),
        "`p` is `0.5`, not `hyp.mosaic`, in `pre_transform = Compose([Mosaic(dat…`",
    ),
    Hidden(
        _TRAINER,
        "max_norm=10.0",
        "max_norm=0.1",
        "BaseTrainer.optimizer_step",
        (TRAINING,),
        "`torch.nn.utils.clip_grad_norm_(self.model.parameters(), max_norm=0.1)`,"
        " not `torch.nn.utils.clip_grad_norm_(self.model.parameters(), max_norm=10.0)`",
    ),
    Hidden(
        _VAL,
        "linspace(0.5, 0.95, 10)",
        "linspace(0.4, 0.95, 10)",
        "DetectionValidator.__init__",
        (EVALUATION,),
        "`self.iouv = torch.linspace(0.4, 0.95, 10)`, not `self.iouv = torch.linspace(0.5, 0.95, 10)`",
    ),
    Hidden(
        "ultralytics/nn/modules/head.py",
        "self.reg_max = 16",
        "self.reg_max = 8",
        "Detect.__init__",
        (ARCHITECTURE,),
        "`self.reg_max = 8`, not `self.reg_max = 16`",
    ),
    Hidden(
        "ultralytics/cfg/models/v8/yolov8.yaml",
        "[-1, 3, C2f, [128, True]]",
        "[-1, 4, C2f, [128, True]]",
        "backbone[2]",
        (ARCHITECTURE,),
        "row 2 is `[-1, 4, C2f, [128, True]]`, not `[-1, 3, C2f, [128, True]]`",
    ),
    Hidden(
        "ultralytics/data/build.py",
        "shuffle=shuffle and sampler is None",
        "shuffle=False",
        "build_dataloader",
        (DATA,),
        "`shuffle` is `False`, not `shuffle and sampler is None`, in `return InfiniteDataLoader(dataset=d…`",
    ),
    Hidden(
        "ultralytics/nn/autobackend.py",
        "fp16 = False",
        "fp16 = True",
        "AutoBackend.__init__",
        (EXPORT,),
        "`fp16 = True`, not `fp16 = False`",
    ),
    Hidden(
        "ultralytics/__init__.py",
        '"8.2.50"',
        '"8.2.77"',
        "__version__",
        (NOTHING,),
        "`__version__` is `'8.2.77'`, not `'8.2.50'`",
    ),
]

YOLOV5 = [
    Hidden(
        "utils/loss.py",
        "lbox *= self.hyp['box']",
        "lbox *= self.hyp['box'] * 2",
        "ComputeLoss.__call__",
        (LOSS,),
        "`lbox *= self.hyp['box'] * 2`, not `lbox *= self.hyp['box']`",
    ),
    Hidden(
        "utils/loss.py",
        "g = 0.5  # bias",
        "g = 1.0  # bias",
        "ComputeLoss.build_targets",
        (ASSIGNMENT,),
        "`g = 1.0`, not `g = 0.5`",
    ),
    Hidden(
        "utils/general.py",
        "iou_thres=0.45",
        "iou_thres=0.6",
        "non_max_suppression",
        (EVALUATION,),
        "the default of `iou_thres` is `0.6`, not `0.45`",
    ),
    Hidden(
        "utils/torch_utils.py",
        "decay=0.9999",
        "decay=0.999",
        "ModelEMA.__init__",
        (TRAINING,),
        "the default of `decay` is `0.999`, not `0.9999`",
    ),
    Hidden(
        "data/hyps/hyp.scratch-low.yaml",
        "mosaic: 1.0",
        "mosaic: 0.5",
        "mosaic",
        (AUGMENTATION,),
        "`mosaic` is `0.5`, not `1.0`",
    ),
    Hidden(
        "utils/datasets.py",
        "random.random() < hyp['mosaic']",
        "random.random() < 0.3",
        "LoadImagesAndLabels.__getitem__",
        (AUGMENTATION,),
        "`mosaic = self.mosaic and random.random() < 0.3`,"
        " not `mosaic = self.mosaic and random.random() < hyp['mosaic']`",
    ),
    Hidden("train.py", "nbs = 64", "nbs = 32", "train", (TRAINING,), "`nbs = 32`, not `nbs = 64`"),
    Hidden(
        "val.py",
        "conf_thres=0.001",
        "conf_thres=0.01",
        "run",
        (EVALUATION,),
        "the default of `conf_thres` is `0.01`, not `0.001`",
    ),
    Hidden("export.py", "opset=12", "opset=11", "run", (EXPORT,), "the default of `opset` is `11`, not `12`"),
    Hidden(
        "models/yolov5s.yaml",
        "width_multiple: 0.50",
        "width_multiple: 0.25",
        "width_multiple",
        (ARCHITECTURE,),
        "`width_multiple` is `0.25`, not `0.5`",
    ),
]


def _lines(hidden: Hidden, files) -> set[int]:
    """Return the lines of the fork's file that have the new text."""
    wanted = hidden.new.strip().splitlines()[0]
    return {number for number, line in enumerate(files[hidden.path].decode().splitlines(), 1) if wanted in line}


@pytest.mark.more
@pytest.mark.parametrize(("pin", "hidden"), [("ultralytics-8.2.50", ULTRALYTICS), ("yolov5-6.1", YOLOV5)])
def test_each_hidden_change_is_told_and_nothing_else(release, edited, pin, hidden):
    base = release(pin)
    files = edited(base, [(one.path, one.old, one.new) for one in hidden])
    changes = read_difference(base, ForkTree("Own", pin.partition("-")[0], files, {}, ""))
    parts = {(change.path, part.name, part.what): part for change in changes for part in change.parts}
    assert set(parts) == {(one.path, one.name, one.what) for one in hidden}
    assert {change.path for change in changes} == {one.path for one in hidden}
    for one in hidden:
        part = parts[one.path, one.name, one.what]
        assert (part.affects, part.kind, part.used) == (one.affects, CHANGED, True)
        assert part.line in _lines(one, files)
