"""Which package of PyPI has a module that code imports: the two have different names at times."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

# Of modules that are known for certain; the first part of a module's name, and the package's name for pip.
PACKAGE_OF: Mapping[str, str] = MappingProxyType(
    {
        **{name: name for name in ("einops", "timm", "mmcv", "mmengine", "mmdet", "mmseg", "fvcore", "kornia", "onnx")},
        **{
            name: name for name in ("addict", "basicsr", "calflops", "dill", "easydict", "entmax", "escnn", "fairscale")
        },
        **{
            name: name
            for name in ("iopath", "lap", "loguru", "natten", "omegaconf", "prettytable", "ptflops", "shapely")
        },
        **{name: name for name in ("tabulate", "termcolor", "torchinfo", "torchsummary", "xformers", "yacs")},
        **{name: name for name in ("numpy", "scipy", "pandas", "matplotlib", "seaborn", "tqdm", "requests", "psutil")},
        **{name: name for name in ("torch", "torchvision", "torchaudio", "albumentations", "transformers", "networkx")},
        "DCNv4": "dcnv4",
        "IPython": "ipython",
        "PIL": "pillow",
        "causal_conv1d": "causal-conv1d",
        "cpuinfo": "py-cpuinfo",
        "cv2": "opencv-python",
        "efficientnet_pytorch": "efficientnet-pytorch",
        "flash_attn": "flash-attn",
        "huggingface_hub": "huggingface-hub",
        "hydra": "hydra-core",
        "local_attention": "local-attention",
        "mamba_ssm": "mamba-ssm",
        "onnxsim": "onnxsim",
        "pytorch_wavelets": "pytorch-wavelets",
        "pywt": "PyWavelets",
        "rotary_embedding_torch": "rotary-embedding-torch",
        "skimage": "scikit-image",
        "sklearn": "scikit-learn",
        "thop": "ultralytics-thop",
        "torch_dct": "torch-dct",
        "torch_geometric": "torch-geometric",
        "torch_pruning": "torch-pruning",
        "torch_scatter": "torch-scatter",
        "vit_pytorch": "vit-pytorch",
        "yaml": "pyyaml",
    }
)

# Those that pip has to compile, for CUDA mostly, and those that are built from a folder of some repository.
_COMPILED = frozenset(
    (
        *("DCN", "DCNv3", "DCNv4", "MultiScaleDeformableAttention", "causal_conv1d", "depthwise_conv2d_implicit_gemm"),
        *("flash_attn", "mamba_ssm", "mmcv", "natten", "selective_scan", "swattention", "torch_scatter", "xformers"),
    )
)
OF_POST = "own_"
"""How the name of a file begins that `add` stored, see `catalog.modules.own_source_name`."""

_NOT_FOUND = re.compile(r"No module named '([\w.]+)'")
_OF_EXTENSIONS = ("_cuda", "_C", "_ext")


def is_compiled(module: str) -> bool:
    """Return whether a module has to be compiled before it can be imported."""
    root = module.partition(".")[0]
    return root in _COMPILED or root.endswith(_OF_EXTENSIONS) or "_cuda_" in root


def module_not_found(text: str) -> str:
    """Return the module that Python did not find, by the error that it prints; "" for another text."""
    found = _NOT_FOUND.search(text)
    return found[1] if found else ""


def how_to_install(module: str, python: str) -> str:
    """Return what to do about a module that an interpreter lacks, for a hint.

    Args:
        module: its name, as Python says it: `cv2`, `sklearn.cluster`.
        python: the interpreter, as it is written in a command.
    """
    root = module.partition(".")[0]
    if root in PACKAGE_OF:
        return f"install the package that has it: {python} -m pip install {PACKAGE_OF[root]}"
    if is_compiled(module):
        return f"{root} has to be compiled, for CUDA mostly: the README of its author says from which folder"
    return f"install the package that provides {root}; for pip it may have another name"


def how_to_get(module: str, python: str) -> str:
    """Return what to do about a module that the file of a post imports, and that may be another file of it.

    Args:
        module, python: as for `how_to_install`.
    """
    root = module.partition(".")[0]
    install = how_to_install(module, python)
    if root in PACKAGE_OF or is_compiled(module):
        return install
    return (
        f"if {root} is another file of the post: yolopatch add FILE.py --with {root}.py --replace, and apply the module"
        f" again with --update; else {install}"
    )
