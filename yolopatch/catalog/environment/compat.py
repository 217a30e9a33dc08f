"""The mends: what of each pin breaks on newer libraries, since which version, and what works on old and new alike.

The single source of `patches/<pin>/compat.patch` and of what `doctor` says will bite.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from yolopatch.catalog.pins import Pin

# What an upstream is used for, in the order in which one comes to it; `import` is what all others begin with.
STAGES = ("import", "train", "validate", "predict", "export")


@dataclass(frozen=True)
class Mend:
    """One thing in a pin that newer libraries break, and what takes its place.

    Attributes:
        path: the file, from the tree's root.
        old: the part of a line of the pin that breaks.
        new: what takes its place; it may bring further lines.
        library: whose newer versions break it: a distribution's name, or `python`.
        since: the first version that breaks it.
        stage: the first of STAGES that fails without the mend.
        because: what that version did, as one sentence.
        times: in how many places of the file `old` stands.
    """

    path: str
    old: str
    new: str
    library: str
    since: str
    stage: str
    because: str
    times: int = 1


_INT = "numpy 1.24 removed np.int, its alias of Python's int."
_FLOAT = "numpy 1.24 removed np.float, its alias of Python's float."
_TRAPZ = "numpy 2.4 removed np.trapz, which is np.trapezoid since 2.0; it runs only once there is a true positive."
_GETSIZE = "pillow 10 removed getsize from its fonts; getbbox tells the same."
_READONLY = "opencv 4.9 draws on no read-only array, and pillow's images are such."
_WEIGHTS = "torch 2.6 reads nothing but tensors unless told otherwise, and these checkpoints hold whole models."
_DYNAMO = "torch 2.9 exports by the new exporter unless told otherwise, which needs onnxscript."
_PKG_RESOURCES = "setuptools 82 removed pkg_resources."
_RANDRANGE = "Python 3.12 takes no float in random.randrange, which --multi-scale calls."
_CLAMP = "torch 1.12 takes no float tensor as the bound of an integer tensor's clamp_."

# pkg_resources where it is there: it also looks at what the requirements require
_PKG = """\
try:
    import pkg_resources as pkg
except ImportError:
    from importlib import metadata

    from packaging.requirements import Requirement
    from packaging.version import parse

    class pkg:
        parse_version = staticmethod(parse)

        @staticmethod
        def parse_requirements(lines):
            return [Requirement(x) for x in (line.partition('#')[0].strip() for line in lines) if x]

        @staticmethod
        def require(text):
            x = Requirement(text)
            assert x.specifier.contains(metadata.version(x.name), prereleases=True), f'{text} is not installed'"""


def _trapz(path: str) -> Mend:
    new = "(np.trapezoid if hasattr(np, 'trapezoid') else np.trapz)(np"
    return Mend(path, "np.trapz(np", new, "numpy", "2.4", "train", _TRAPZ)


def _whole_model(path: str, call: str, stage: str, times: int = 1) -> Mend:
    """Let this call of torch.load read whole models again."""
    return Mend(path, call, f"{call[:-1]}, weights_only=False)", "torch", "2.6", stage, _WEIGHTS, times)


def _text_size(name: str, margin: int) -> Mend:
    new = f"left, _, right, h = self.font.getbbox({name})\n{' ' * margin}w = right - left"
    return Mend("utils/plots.py", f"w, h = self.font.getsize({name})", new, "pillow", "10", "train", _GETSIZE)


def _old_exporter(path: str, argument: str) -> Mend:
    """Let this argument of torch.onnx.export be followed by the choice of the exporter that was the only one."""
    new = f"{argument} **({{'dynamo': False}} if check_version(torch.__version__, '2.9.0') else {{}}),"
    return Mend(path, argument, new, "torch", "2.9", "export", _DYNAMO)


_YOLOV5: tuple[Mend, ...] = (
    Mend("utils/general.py", "import pkg_resources as pkg", _PKG, "setuptools", "82", "import", _PKG_RESOURCES),
    Mend(
        "utils/loggers/__init__.py",
        "import pkg_resources as pkg",
        "from ..general import pkg",
        "setuptools",
        "82",
        "train",
        _PKG_RESOURCES,
    ),
    Mend("utils/datasets.py", ".astype(np.int)", ".astype(int)", "numpy", "1.24", "train", _INT, times=3),
    Mend("utils/general.py", ".astype(np.int)", ".astype(int)", "numpy", "1.24", "train", _INT, times=2),
    Mend(
        "utils/loss.py",
        "gj.clamp_(0, gain[3] - 1), gi.clamp_(0, gain[2] - 1)",
        "gj.clamp_(0, int(gain[3]) - 1), gi.clamp_(0, int(gain[2]) - 1)",
        "torch",
        "1.12",
        "train",
        _CLAMP,
    ),
    _trapz("utils/metrics.py"),
    _text_size("label", 16),
    _text_size("text", 8),
    Mend(
        "utils/plots.py",
        "self.im = im\n",
        "self.im = im if im.flags.writeable else im.copy()\n",
        "opencv-python",
        "4.9",
        "predict",
        _READONLY,
    ),
    _whole_model("utils/general.py", "torch.load(f, map_location=torch.device('cpu'))", "train"),
    _whole_model("models/experimental.py", "torch.load(attempt_download(w), map_location=map_location)", "train"),
    _whole_model("train.py", "torch.load(weights, map_location='cpu')", "train"),
    _whole_model("utils/loggers/__init__.py", "torch.load(self.weights)", "train"),
    Mend(
        "train.py",
        "random.randrange(imgsz * 0.5, imgsz * 1.5 + gs)",
        "random.randrange(int(imgsz * 0.5), int(imgsz * 1.5 + gs))",
        "python",
        "3.12",
        "train",
        _RANDRANGE,
    ),
    Mend("models/common.py", ".astype(np.float)", ".astype(float)", "numpy", "1.24", "predict", _FLOAT),
    _old_exporter("export.py", "do_constant_folding=not train,"),
)

# The PyPI package has no such script, and its hubconf.py fails before that line with any library.
_YOLOV5_6_1: tuple[Mend, ...] = (
    *_YOLOV5,
    _whole_model("hubconf.py", "torch.load(attempt_download(path), map_location=device)", "predict"),
    _whole_model("utils/aws/resume.py", "torch.load(last)", "train"),
)

_ULTRALYTICS: tuple[Mend, ...] = (
    _trapz("ultralytics/utils/metrics.py"),
    _old_exporter("ultralytics/engine/exporter.py", "dynamic_axes=dynamic or None,"),
)

# 8.3.0 has a torch.load of its own, which reads whole models
_ULTRALYTICS_8_2: tuple[Mend, ...] = (
    *_ULTRALYTICS,
    _whole_model("ultralytics/nn/tasks.py", 'torch.load(file, map_location="cpu")', "train", times=2),
    _whole_model("ultralytics/utils/torch_utils.py", 'torch.load(f, map_location=torch.device("cpu"))', "train"),
    _whole_model("ultralytics/engine/tuner.py", "torch.load(ckpt_file)", "train"),
    _whole_model("ultralytics/models/nas/model.py", "torch.load(weights)", "predict"),
    Mend(
        "ultralytics/models/yolo/detect/train.py",
        "random.randrange(self.args.imgsz * 0.5, self.args.imgsz * 1.5 + self.stride)",
        "random.randrange(int(self.args.imgsz * 0.5), int(self.args.imgsz * 1.5 + self.stride))",
        "python",
        "3.12",
        "train",
        _RANDRANGE,
    ),
)

# By pin. One without mends runs on the newest libraries as it is, and has no compat.patch.
MENDS: dict[str, tuple[Mend, ...]] = {
    "ultralytics-8.2.50": _ULTRALYTICS_8_2,
    "ultralytics-8.3.0": _ULTRALYTICS,
    "ultralytics-8.4.0": (),
    "yolov5-pypi-6.1.0": tuple(replace(mend, path=f"yolov5/{mend.path}") for mend in _YOLOV5),
    "yolov5-6.1": _YOLOV5_6_1,
}


def mends_of(pin: Pin) -> tuple[Mend, ...]:
    """Return the pin's mends; of a pin of the user's own none are known."""
    return MENDS.get(pin.name, ())
