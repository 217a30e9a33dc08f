"""The compatibility fixes: what newer libraries break in each pin, since which version, and code that works on all.

The only source of `patches/<pin>/compat.patch`, and of the faults that `doctor` foresees.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from yolopatch.catalog.environment.fixes import Fix
from yolopatch.catalog.pins import Pin

# What an upstream is used for, in the usual order; `import` comes before all others.
STAGES = ("import", "train", "validate", "predict", "export")


@dataclass(frozen=True)
class CompatFix(Fix):
    """Code of a pin that newer libraries break, and the code that replaces it.

    Attributes:
        library: the distribution whose newer versions break it, or `python`.
        since: the first version that breaks it.
        stage: the first of STAGES that fails without the fix.
        because: what that version changed, in one sentence.
    """

    library: str
    since: str
    stage: str
    because: str

    @property
    def what(self) -> str:
        """What it is, for messages."""
        return f"the compatibility fix of {self.path} for {self.library} {self.since}"

    @property
    def reason(self) -> str:
        """What the newer library changed."""
        return self.because


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

# pkg_resources where it is installed: it also checks the requirements of the requirements
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


def _trapz(path: str) -> CompatFix:
    new = "(np.trapezoid if hasattr(np, 'trapezoid') else np.trapz)(np"
    return CompatFix(path, "np.trapz(np", new, "numpy", "2.4", "train", _TRAPZ)


def _whole_model(path: str, call: str, stage: str, times: int = 1) -> CompatFix:
    """Return the fix after which this call of torch.load reads whole models again."""
    return CompatFix(path, call, f"{call[:-1]}, weights_only=False)", "torch", "2.6", stage, _WEIGHTS, times=times)


def _text_size(name: str, margin: int) -> CompatFix:
    new = f"left, _, right, h = self.font.getbbox({name})\n{' ' * margin}w = right - left"
    return CompatFix("utils/plots.py", f"w, h = self.font.getsize({name})", new, "pillow", "10", "train", _GETSIZE)


def _old_exporter(path: str, argument: str) -> CompatFix:
    """Return the fix that chooses the old exporter, right after this argument of torch.onnx.export."""
    new = f"{argument} **({{'dynamo': False}} if check_version(torch.__version__, '2.9.0') else {{}}),"
    return CompatFix(path, argument, new, "torch", "2.9", "export", _DYNAMO)


_YOLOV5: tuple[CompatFix, ...] = (
    CompatFix("utils/general.py", "import pkg_resources as pkg", _PKG, "setuptools", "82", "import", _PKG_RESOURCES),
    CompatFix(
        "utils/loggers/__init__.py",
        "import pkg_resources as pkg",
        "from ..general import pkg",
        "setuptools",
        "82",
        "train",
        _PKG_RESOURCES,
    ),
    CompatFix("utils/datasets.py", ".astype(np.int)", ".astype(int)", "numpy", "1.24", "train", _INT, times=3),
    CompatFix("utils/general.py", ".astype(np.int)", ".astype(int)", "numpy", "1.24", "train", _INT, times=2),
    CompatFix(
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
    CompatFix(
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
    CompatFix(
        "train.py",
        "random.randrange(imgsz * 0.5, imgsz * 1.5 + gs)",
        "random.randrange(int(imgsz * 0.5), int(imgsz * 1.5 + gs))",
        "python",
        "3.12",
        "train",
        _RANDRANGE,
    ),
    CompatFix("models/common.py", ".astype(np.float)", ".astype(float)", "numpy", "1.24", "predict", _FLOAT),
    _old_exporter("export.py", "do_constant_folding=not train,"),
)

# The PyPI package does not have resume.py, and its hubconf.py fails before that line with every library.
_YOLOV5_6_1: tuple[CompatFix, ...] = (
    *_YOLOV5,
    _whole_model("hubconf.py", "torch.load(attempt_download(path), map_location=device)", "predict"),
    _whole_model("utils/aws/resume.py", "torch.load(last)", "train"),
)

_ULTRALYTICS: tuple[CompatFix, ...] = (
    _trapz("ultralytics/utils/metrics.py"),
    _old_exporter("ultralytics/engine/exporter.py", "dynamic_axes=dynamic or None,"),
)

# 8.3.0 has its own torch.load, which reads whole models
_ULTRALYTICS_8_2: tuple[CompatFix, ...] = (
    *_ULTRALYTICS,
    _whole_model("ultralytics/nn/tasks.py", 'torch.load(file, map_location="cpu")', "train", times=2),
    _whole_model("ultralytics/utils/torch_utils.py", 'torch.load(f, map_location=torch.device("cpu"))', "train"),
    _whole_model("ultralytics/engine/tuner.py", "torch.load(ckpt_file)", "train"),
    _whole_model("ultralytics/models/nas/model.py", "torch.load(weights)", "predict"),
    CompatFix(
        "ultralytics/models/yolo/detect/train.py",
        "random.randrange(self.args.imgsz * 0.5, self.args.imgsz * 1.5 + self.stride)",
        "random.randrange(int(self.args.imgsz * 0.5), int(self.args.imgsz * 1.5 + self.stride))",
        "python",
        "3.12",
        "train",
        _RANDRANGE,
    ),
)

# By pin. A pin without fixes runs on the newest libraries as it is, and has no compat.patch.
COMPAT_FIXES: dict[str, tuple[CompatFix, ...]] = {
    "ultralytics-8.2.50": _ULTRALYTICS_8_2,
    "ultralytics-8.3.0": _ULTRALYTICS,
    "ultralytics-8.4.0": (),
    "yolov5-pypi-6.1.0": tuple(replace(fix, path=f"yolov5/{fix.path}") for fix in _YOLOV5),
    "yolov5-6.1": _YOLOV5_6_1,
}


def compat_fixes_of(pin: Pin) -> tuple[CompatFix, ...]:
    """Return the fixes of a pin; for a pin of the user none are known."""
    return COMPAT_FIXES.get(pin.name, ())
