"""The libraries that each pin imports, and where, so that `doctor` finds a missing library before a training fails."""

from __future__ import annotations

from dataclasses import dataclass, replace

from yolopatch.catalog.pins import Pin


@dataclass(frozen=True)
class Need:
    """A library that a pin imports.

    Attributes:
        distribution: its normalised name.
        stage: the first stage that fails without it: `import`, `train`, `validate`, `predict` or `export`.
        where: the first file and line that import it, from the tree's root.
        otherwise: what happens without it, if nothing fails.
    """

    distribution: str
    stage: str
    where: str
    otherwise: str = ""


_NO_GFLOPS = "upstream prints 0 GFLOPs"
_NO_CURVES = "nothing is written for TensorBoard"
_NO_LABELS = "no picture of the labels and of the confusion matrix is drawn"
_NO_ANCHORS = "training ends where the anchors do not fit the data"
_NOT_SLIMMED = "an exported ONNX file is not simplified"


def _table(stage: str, **wheres: str) -> tuple[Need, ...]:
    return tuple(Need(name.replace("_", "-"), stage, where) for name, where in wheres.items())


def _in(folder: str, needs: tuple[Need, ...]) -> tuple[Need, ...]:
    return tuple(replace(need, where=f"{folder}/{need.where}") for need in needs)


_8_2 = (
    *_table(
        "import",
        opencv_python="utils/__init__.py:20",
        matplotlib="utils/__init__.py:21",
        numpy="utils/__init__.py:22",
        torch="utils/__init__.py:23",
        pyyaml="utils/__init__.py:24",
        tqdm="utils/__init__.py:25",
        torchvision="utils/__init__.py:47",
        pillow="data/build.py:9",
        psutil="data/base.py:14",
        requests="utils/checks.py:19",
        scipy="models/utils/ops.py:6",
    ),
    *_table("train", py_cpuinfo="utils/torch_utils.py:71", pandas="utils/plotting.py:1108"),
    Need("seaborn", "train", "utils/plotting.py:821", _NO_LABELS),
    Need("onnx", "export", "engine/exporter.py:393"),
    Need("onnxslim", "export", "engine/exporter.py:428", _NOT_SLIMMED),
    Need("onnxruntime", "predict", "nn/autobackend.py:189", "an exported ONNX file cannot be run"),
    Need("ultralytics-thop", "", "utils/torch_utils.py:32", _NO_GFLOPS),
    Need("tensorboard", "", "utils/callbacks/tensorboard.py:9", _NO_CURVES),
)
_8_3 = (
    *_table(
        "import",
        opencv_python="utils/__init__.py:22",
        matplotlib="utils/__init__.py:23",
        numpy="utils/__init__.py:24",
        torch="utils/__init__.py:25",
        pyyaml="utils/__init__.py:26",
        tqdm="utils/__init__.py:27",
        torchvision="utils/__init__.py:50",
        pillow="data/build.py:9",
        psutil="data/base.py:14",
        requests="utils/checks.py:19",
        scipy="models/utils/ops.py:6",
    ),
    *_table("train", pandas="engine/trainer.py:505"),
    Need("seaborn", "train", "utils/plotting.py:876", _NO_LABELS),
    Need("onnx", "export", "engine/exporter.py:394"),
    Need("onnxslim", "export", "engine/exporter.py:428", _NOT_SLIMMED),
    Need("onnxruntime", "predict", "nn/autobackend.py:189", "an exported ONNX file cannot be run"),
    Need("ultralytics-thop", "", "utils/torch_utils.py:35", _NO_GFLOPS),
    Need("tensorboard", "", "utils/callbacks/tensorboard.py:9", _NO_CURVES),
)
_8_4 = (
    *_table(
        "import",
        opencv_python="utils/__init__.py:24",
        numpy="utils/__init__.py:25",
        torch="utils/__init__.py:26",
        torchvision="utils/__init__.py:54",
        pyyaml="utils/__init__.py:544",
        pillow="data/build.py:16",
        scipy="models/utils/ops.py:10",
    ),
    *_table("train", polars="engine/trainer.py:572", matplotlib="utils/plotting.py:575"),
    Need("onnx", "export", "engine/exporter.py:676"),
    Need("onnxslim", "export", "engine/exporter.py:715", _NOT_SLIMMED),
    Need("onnxruntime", "predict", "nn/autobackend.py:247", "an exported ONNX file cannot be run"),
    Need("ultralytics-thop", "", "nn/tasks.py:208", _NO_GFLOPS),
    Need("tensorboard", "", "utils/callbacks/tensorboard.py:15", _NO_CURVES),
)
_V6_1 = (
    *_table(
        "import",
        opencv_python="utils/general.py:24",
        numpy="models/common.py:15",
        pandas="utils/general.py:26",
        torch="models/common.py:18",
        torchvision="utils/general.py:29",
        pyyaml="models/common.py:20",
        setuptools="utils/general.py:27",
        requests="models/common.py:17",
        pillow="models/common.py:21",
        matplotlib="utils/metrics.py:10",
        seaborn="utils/plots.py:16",
        tqdm="utils/datasets.py:27",
    ),
    *_table("train", tensorboard="utils/loggers/__init__.py:12"),
    Need("scipy", "train", "utils/autoanchor.py:82", _NO_ANCHORS),
    Need("onnx", "export", "export.py:116"),
    Need("onnx-simplifier", "export", "export.py:139", _NOT_SLIMMED),
    Need("onnxruntime", "predict", "models/common.py:324", "an exported ONNX file cannot be run"),
    Need("ultralytics-thop", "", "models/yolo.py:28", _NO_GFLOPS),
)
_PYPI_6_1 = (
    *_table(
        "import",
        opencv_python="utils/general.py:28",
        numpy="models/common.py:15",
        pandas="utils/general.py:30",
        torch="models/common.py:18",
        torchvision="utils/general.py:33",
        pyyaml="models/common.py:20",
        setuptools="utils/general.py:31",
        requests="models/common.py:17",
        pillow="models/common.py:21",
        matplotlib="utils/metrics.py:10",
        seaborn="utils/plots.py:17",
        tqdm="utils/datasets.py:27",
    ),
    *_table("train", tensorboard="utils/loggers/__init__.py:13", boto3="utils/aws.py:6"),
    Need("scipy", "train", "utils/autoanchor.py:84", _NO_ANCHORS),
    Need("onnx", "export", "export.py:114"),
    Need("onnx-simplifier", "export", "export.py:148", _NOT_SLIMMED),
    Need("onnxruntime", "predict", "models/common.py:332", "an exported ONNX file cannot be run"),
    Need("ultralytics-thop", "", "models/yolo.py:33", _NO_GFLOPS),
)

_NEEDS: dict[str, tuple[Need, ...]] = {
    "ultralytics-8.2.50": _in("ultralytics", _8_2),
    "ultralytics-8.3.0": _in("ultralytics", _8_3),
    "ultralytics-8.4.0": _in("ultralytics", _8_4),
    "yolov5-6.1": _V6_1,
    "yolov5-pypi-6.1.0": _in("yolov5", _PYPI_6_1),
}
# The import name of each distribution whose import name is different.
MODULE_OF = {
    "opencv-python": "cv2",
    "pyyaml": "yaml",
    "pillow": "PIL",
    "py-cpuinfo": "cpuinfo",
    "setuptools": "pkg_resources",
    "ultralytics-thop": "thop",
    "onnx-simplifier": "onnxsim",
    "tensorboard": "torch.utils.tensorboard",
}
# Other distributions that contain the same module.
_STAND_INS = {
    "opencv-python": ("opencv-python-headless", "opencv-contrib-python", "opencv-contrib-python-headless"),
    "onnxruntime": ("onnxruntime-gpu",),
    "ultralytics-thop": ("thop",),
    "onnx-simplifier": ("onnxsim",),
}


def needs_of(pin: Pin) -> tuple[Need, ...]:
    """Return what the pin imports; for a pin of the user, what the pin that it was ported from imports."""
    if pin.like is None:
        return _NEEDS[pin.name]
    # the line numbers belong to another version
    return tuple(replace(need, where=need.where.partition(":")[0]) for need in _NEEDS[pin.like])


def module_of(distribution: str) -> str:
    """Return the name of the module that the distribution is needed for."""
    return MODULE_OF.get(distribution, distribution)


def modules_of_pins() -> tuple[str, ...]:
    """Return the modules that the pins import and that can be looked for without importing another one first."""
    names = (module_of(need.distribution) for needs in _NEEDS.values() for need in needs)
    return tuple(dict.fromkeys(name for name in names if "." not in name))


def stand_ins(distribution: str) -> tuple[str, ...]:
    """Return other distributions that contain the same module."""
    return _STAND_INS.get(distribution, ())
