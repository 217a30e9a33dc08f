"""Which package of PyPI has a module that code imports: the two have different names at times."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

# Of modules that are known for certain; the first part of a module's name, and the package's name for pip.
PACKAGE_OF: Mapping[str, str] = MappingProxyType(
    {
        **{name: name for name in ("einops", "timm", "mmcv", "mmengine", "mmdet", "mmseg", "fvcore", "kornia", "onnx")},
        **{name: name for name in ("numpy", "scipy", "pandas", "matplotlib", "seaborn", "tqdm", "requests", "psutil")},
        **{name: name for name in ("torch", "torchvision", "torchaudio", "albumentations", "transformers", "networkx")},
        "PIL": "pillow",
        "cpuinfo": "py-cpuinfo",
        "cv2": "opencv-python",
        "mamba_ssm": "mamba-ssm",
        "onnxsim": "onnxsim",
        "pywt": "PyWavelets",
        "skimage": "scikit-image",
        "sklearn": "scikit-learn",
        "thop": "ultralytics-thop",
        "yaml": "pyyaml",
    }
)


def how_to_install(module: str, python: str) -> str:
    """Return what to do about a module that an interpreter lacks, for a hint.

    Args:
        module: its name, as Python says it: `cv2`, `sklearn.cluster`.
        python: the interpreter, as it is written in a command.
    """
    root = module.partition(".")[0]
    if root in PACKAGE_OF:
        return f"install the package that has it: {python} -m pip install {PACKAGE_OF[root]}"
    return f"install the package that provides {root}; for pip it may have another name"
