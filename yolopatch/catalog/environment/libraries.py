"""The libraries that decide what a model computes, trains and exports: a result names their versions."""

from __future__ import annotations

from collections.abc import Mapping

_NAMED = ("torch", "torchvision", "numpy", "opencv-python", "pillow", "onnx", "onnxruntime")


def named_versions(packages: Mapping[str, str]) -> dict[str, str]:
    """Return the installed versions of these libraries, by name.

    Args:
        packages: the version of every installed distribution, by normalised name.
    """
    return {name: packages[name] for name in _NAMED if name in packages}
