"""Environments: one that was made or found, and what would fail in one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from yolopatch.cli.layout import pairs

if TYPE_CHECKING:
    from yolopatch.steps.environment.environment import Environment

_SHOWN = ("torch", "torchvision", "numpy", "opencv-python", "pillow", "onnx")


def environment(found: Environment) -> Iterator[str]:
    """Give an environment after `env create`."""
    said = "created" if found.created else "fits already, nothing was made"
    yield click.style(said, fg="green", bold=True)
    versions = ", ".join(f"{name} {found.packages[name]}" for name in _SHOWN if name in found.packages)
    yield from pairs(
        [
            ("folder", found.environment),
            ("python", found.python),
            ("packages", versions),
            ("pins", ", ".join(found.pins)),
        ]
    )
    yield "  next      yolopatch env run WORKSPACE -- python train.py, or: yolo detect train ..."
