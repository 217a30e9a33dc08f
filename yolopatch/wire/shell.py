"""Commands that a message tells the user to type, as the shell of their system reads them.

On Windows they mean the same in cmd and in PowerShell.
"""

from __future__ import annotations

import re
import shlex
import sys
from collections.abc import Iterable, Mapping
from types import MappingProxyType

# The package that has a module, as pip calls it, by the first part of the module's name: of those known for certain.
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
_OF_EXTENSIONS = ("_cuda", "_C", "_ext")
# Windows: PowerShell makes a list of what has a comma
_PLAIN = re.compile(r"[\w+=:./\\-]+")


def quote(word: object) -> str:
    """Return one word of a command, in quotes where the shell needs them."""
    text = str(word)
    if sys.platform != "win32":
        return shlex.quote(text)
    return text if _PLAIN.fullmatch(text) else '"' + text.replace('"', '\\"') + '"'


def join(words: Iterable[object]) -> str:
    """Return a command of these words."""
    return " ".join(map(quote, words))


def wrap(parts: Iterable[Iterable[object]]) -> str:
    """Return a command of these words in several lines, one for each part; in one line on Windows."""
    return (" " if sys.platform == "win32" else " \\\n  ").join(map(join, parts))


def in_turn(*commands: str) -> str:
    """Return commands to type one after the other, in backticks, each only where the one before it ended well."""
    # PowerShell 5, which Windows comes with, has no `&&`, and cmd takes `;` for a space
    return ", then ".join(f"`{one}`" for one in commands) if sys.platform == "win32" else f"`{' && '.join(commands)}`"


def move(old: object, new: object) -> str:
    """Return the command that renames a file or a folder."""
    return join(("move" if sys.platform == "win32" else "mv", old, new))


def remove(file: object) -> str:
    """Return the command that deletes a file."""
    return join(("del" if sys.platform == "win32" else "rm", file))


def copy_folder(folder: object, to: object) -> str:
    """Return the command that copies a folder with all that is in it, hidden files too, to a new place."""
    return join(("xcopy", "/E", "/H", "/I", folder, to) if sys.platform == "win32" else ("cp", "-r", folder, to))


def show_permissions(file: object) -> str:
    """Return the command that shows who may do what with a file or a folder."""
    return join(("icacls", file) if sys.platform == "win32" else ("ls", "-ld", file))


def make_folder(folder: object) -> str:
    """Return the command that makes a folder and those above it."""
    return join(("mkdir", folder) if sys.platform == "win32" else ("mkdir", "-p", folder))


def activate(script: object) -> str:
    """Return the command that activates a virtual environment by the script `activate` in it."""
    return quote(script) if sys.platform == "win32" else join(("source", script))


def set_variable(name: str, value: str) -> str:
    """Return the command that sets an environment variable for the commands that follow."""
    if sys.platform == "win32":
        return f'set {name}={value} (in PowerShell: $env:{name} = "{value}")'
    return f"export {name}={quote(value)}"


def is_compiled(module: str) -> bool:
    """Return whether a module has to be compiled before it can be imported."""
    root = module.partition(".")[0]
    return root in _COMPILED or root.endswith(_OF_EXTENSIONS) or "_cuda_" in root


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
