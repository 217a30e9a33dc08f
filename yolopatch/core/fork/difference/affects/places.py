"""What code affects by the place that an upstream gives it: its file, and in some files its name."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import lru_cache

from yolopatch.core.fork.changes import (
    ARCHITECTURE,
    ASSIGNMENT,
    AUGMENTATION,
    DATA,
    EVALUATION,
    EXPORT,
    LOSS,
    NOTHING,
    TRAINING,
)


@dataclass(frozen=True)
class Place:
    """What code at a place affects.

    Attributes:
        affects: by the place alone; empty where only those who use the code can say it.
        also: what it affects too if code of such an area uses it.
        fallback: what it affects if nobody uses it and the place says nothing.
        given: what code affects that this code uses; by default what it affects itself.
    """

    affects: tuple[str, ...] = ()
    also: tuple[str, ...] = ()
    fallback: str = NOTHING
    given: tuple[str, ...] = ()


_Rule = tuple[str, str, Place]


def _rules(place: Place, *patterns: str) -> list[_Rule]:
    """Return a rule for each pattern `file` or `file::name`; several names are separated by `|`."""
    found = []
    for pattern in patterns:
        file, _, names = pattern.partition("::")
        found += [(file, name, place) for name in (names or "*").split("|")]
    return found


_ASKED = Place()  # those who use it say what it affects
_NONE = Place((NOTHING,))
_LAYERS = Place(also=(ARCHITECTURE, LOSS, ASSIGNMENT), fallback=ARCHITECTURE)
_MODEL = Place((ARCHITECTURE,))
_LOSS = Place((LOSS,))
_ASSIGNER = Place((ASSIGNMENT,))
_TRAINING = Place((TRAINING,))
_EVALUATION = Place((EVALUATION,))
_EXPORT = Place((EXPORT,))
_DATA = Place((DATA,))
_AUGMENTATION = Place((AUGMENTATION,), also=(EVALUATION,))

_VERSIONS = "TORCH_*|TORCHVISION_*|PYTHON_*|IS_*|ARM64|LINUX|MACOS|WINDOWS|is_*|check_version|check_requirements"
_SETTINGS = Place((LOSS, TRAINING, AUGMENTATION, EVALUATION))
# it chooses the best weights, and is reported; what it is computed from is only reported
_FITNESS = Place((TRAINING, EVALUATION), given=(EVALUATION,))
_PRINTED = (
    "NUM_THREADS|LOGGER|LOGGING_NAME|colorstr|emojis|set_logging|TQDM|PREFIX|HELP_MSG|SETTINGS|VERBOSE|remove_colorstr"
)

_DRAWING = "plot_*|*.plot_*|*.plot|visualize*|*.visualize|feature_visualization|*.save_metrics|*.progress_string"

# The first rule that fits counts.
_ULTRALYTICS = [
    *_rules(_ASKED, "utils/checks.py::check_imgsz|check_amp"),
    *_rules(_NONE, "utils/checks.py"),
    *_rules(_FITNESS, "utils/metrics.py::*.fitness"),
    *_rules(_NONE, f"*::{_DRAWING}"),
    *_rules(_LOSS, "nn/tasks.py::*.init_criterion|*.loss", "utils/loss.py", "models/utils/loss.py"),
    *_rules(
        _EVALUATION, "nn/tasks.py::*.predict_augment|*._predict_augment|*._descale_pred|*._clip_augmented|Ensemble*"
    ),
    *_rules(_NONE, "nn/tasks.py::*.info|*._profile_one_layer"),
    *_rules(_TRAINING, "nn/tasks.py::*.load"),
    *_rules(
        Place(also=(TRAINING, EVALUATION, EXPORT)),
        "nn/tasks.py::attempt_load*|torch_safe_load|temporary_modules|load_checkpoint|Safe*",
    ),
    *_rules(_MODEL, "nn/tasks.py"),
    *_rules(
        _EXPORT, "nn/autobackend.py", "engine/exporter.py", "utils/export*", "utils/benchmarks.py", "utils/triton.py"
    ),
    *_rules(_LAYERS, "nn/*"),
    *_rules(_ASSIGNER, "utils/tal.py::*Assigner*", "models/utils/ops.py::*Matcher*"),
    *_rules(_TRAINING, "engine/trainer.py", "engine/tuner.py", "models/*/train*.py", "utils/tuner.py"),
    *_rules(_TRAINING, "utils/autobatch.py", "utils/dist.py", "utils/callbacks/base.py", "optim/*"),
    *_rules(_EVALUATION, "engine/validator.py", "engine/predictor.py", "engine/results.py"),
    *_rules(_EVALUATION, "models/*/val*.py", "models/*/predict*.py"),
    *_rules(_MODEL, "engine/model.py::*._new", "models/sam/*", "models/fastsam/model.py", "models/nas/*"),
    *_rules(_TRAINING, "engine/model.py::*.train|*.tune"),
    *_rules(_EVALUATION, "engine/model.py::*.val|*.predict|*.track|*.__call__|*.embed|*.metrics"),
    *_rules(_EXPORT, "engine/model.py::*.export|*.benchmark"),
    *_rules(_NONE, "engine/model.py::*.info|*.names|*.device|*.__getattr__|*.is_triton_model|*.is_hub_model"),
    *_rules(_TRAINING, "engine/model.py", "models/*model.py", "engine/*"),
    *_rules(_AUGMENTATION, "data/augment.py", "data/dataset.py::*.build_transforms|*.close_mosaic"),
    *_rules(_DATA, "data/*", "utils/downloads.py", "cfg/datasets/*"),
    *_rules(_NONE, "utils/plotting.py", "utils/callbacks/*", "utils/events.py", "utils/git.py", "utils/logger.py"),
    *_rules(
        _NONE,
        f"utils/__init__.py::{_PRINTED}|{_VERSIONS}",
        f"utils/torch_utils.py::{_VERSIONS}",
        "utils/errors.py",
        "utils/uploads.py",
        "utils/tqdm.py",
    ),
    *_rules(_NONE, "utils/torch_utils.py::model_info|model_info_for_loggers|get_num_*|get_flops*|profile*"),
    *_rules(
        _NONE, "hub/*", "solutions/*", "assets/*", "docs/*", "tests/*", "platform/*", "utils/cpu.py", "cfg/solutions/*"
    ),
    *_rules(_EVALUATION, "trackers/*", "cfg/trackers/*"),
    *_rules(_MODEL, "cfg/models/*"),
    *_rules(_SETTINGS, "cfg/default.yaml"),
    *_rules(Place(fallback=TRAINING), "cfg/__init__.py"),
    *_rules(_NONE, "__init__.py"),
]

_YOLOV5 = [
    *_rules(_SETTINGS, "data/hyp*.yaml"),
    *_rules(_FITNESS, "utils/metrics.py::fitness", "utils/segment/metrics.py::fitness"),
    *_rules(_NONE, f"*::{_DRAWING}"),
    *_rules(_ASSIGNER, "utils/loss.py::*.build_targets", "utils/segment/loss.py::*.build_targets"),
    *_rules(_LOSS, "utils/loss.py", "utils/segment/loss.py"),
    *_rules(
        _EVALUATION, "models/common.py::AutoShape*|autoShape*|Detections*|NMS*", "models/yolo.py::*.nms|*.autoshape"
    ),
    *_rules(_EXPORT, "models/common.py::DetectMultiBackend*", "models/tf.py", "models/export.py", "export.py"),
    *_rules(_NONE, "models/yolo.py::*.info|*._print_biases|*._profile_one_layer"),
    *_rules(_EVALUATION, "models/yolo.py::*._forward_augment|*.forward_augment|*._descale_pred|*._clip_augmented"),
    *_rules(Place(also=(TRAINING, EVALUATION, EXPORT)), "models/experimental.py::attempt_load|Ensemble*"),
    *_rules(_MODEL, "models/yolo.py", "models/*.yaml", "models/*.yml"),
    *_rules(_LAYERS, "models/*"),
    *_rules(_TRAINING, "train.py", "*/train.py", "utils/autoanchor.py", "utils/autobatch.py", "utils/callbacks.py"),
    *_rules(_EVALUATION, "val.py", "*/val.py", "test.py", "detect.py", "*/predict.py", "benchmarks.py"),
    *_rules(_AUGMENTATION, "utils/augmentations.py", "utils/segment/augmentations.py"),
    *_rules(
        _AUGMENTATION,
        *(
            f"utils/{file}.py::*.load_mosaic*|load_mosaic*|random_perspective|augment_hsv|mixup|cutout|replicate|letterbox"
            for file in ("datasets", "dataloaders", "segment/dataloaders")
        ),
    ),
    *_rules(
        Place((AUGMENTATION, DATA)),
        "utils/datasets.py::LoadImagesAndLabels.__getitem__",
        "utils/dataloaders.py::LoadImagesAndLabels.__getitem__",
        "utils/segment/dataloaders.py::*.__getitem__",
    ),
    *_rules(_DATA, "utils/datasets.py", "utils/dataloaders.py", "utils/segment/dataloaders.py", "utils/downloads.py"),
    *_rules(_DATA, "utils/google_utils.py", "data/*"),
    *_rules(
        _NONE, "utils/plots.py", "utils/segment/plots.py", "utils/loggers/*", "utils/wandb_logging/*", "utils/aws/*"
    ),
    *_rules(_NONE, "utils/docker/*", "utils/flask_rest_api/*", "utils/google_app_engine/*", "utils/triton.py"),
    *_rules(
        _NONE,
        f"utils/general.py::{_PRINTED}|print_*|check_version|check_requirements|check_git*|check_python",
        "utils/torch_utils.py::model_info|profile",
    ),
    *_rules(_NONE, "hubconf.py", "tutorial.ipynb", "setup.py", "docs/*"),
]

_RULES = {"ultralytics": _ULTRALYTICS, "yolov5": _YOLOV5}
_PACKAGES = {"ultralytics": "ultralytics/", "yolov5": ""}
# Where an upstream keeps its layers: of these classes a model has those that its YAML names.
_LAYER_FILES = {"ultralytics": ("nn/*",), "yolov5": ("models/*",)}
_NO_LAYERS = {"ultralytics": ("nn/tasks.py", "nn/autobackend.py", "nn/__init__.py"), "yolov5": ("models/yolo.py",)}
_EXPORTERS = ("models/tf.py", "models/export.py")


@lru_cache(maxsize=100_000)
def place_of(upstream: str, path: str, name: str = "") -> Place:
    """Return what an upstream's code affects by its place.

    Args:
        path: as a release has it.
        name: of a class, function or method: `DetectionModel.init_criterion`; "" for the file as a whole.
    """
    inside = path.removeprefix(_PACKAGES[upstream])
    for file, names, place in _RULES[upstream]:
        if (names == "*" or (name and fnmatchcase(name, names))) and fnmatchcase(inside, file):
            return place
    return _ASKED


def holds_layers(upstream: str, path: str) -> bool:
    """Tell whether a file is of those whose classes a model's YAML names."""
    inside = path.removeprefix(_PACKAGES[upstream])
    others = (*_NO_LAYERS[upstream], *_EXPORTERS)
    fits = any(fnmatchcase(inside, pattern) for pattern in _LAYER_FILES[upstream])
    return fits and not any(fnmatchcase(inside, pattern) for pattern in others)
