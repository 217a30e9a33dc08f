"""Prove that a rebuilt model is the fork's: each is built from its own tree, and the two are compared."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from yolopatch.core.fork.agreement import Agreement
from yolopatch.core.fork.tree import ForkTree
from yolopatch.wire.fork.models import Built, Unbuilt


@dataclass(frozen=True)
class Proof:
    """What came out for one YAML.

    Attributes:
        fork: the fork's model.
        rebuilt: the rebuilt one; None where nothing was rebuilt.
        agreement: how they agree; None unless both were built.
    """

    fork: Built | Unbuilt
    rebuilt: Built | Unbuilt | None
    agreement: Agreement | None

    @property
    def builds(self) -> bool:
        """Whether the fork's own tree builds the model as it is, with what this interpreter has."""
        return isinstance(self.fork, Built) and not self.fork.absent


@dataclass(frozen=True)
class Rebuilt:
    """What was rebuilt of a fork for one YAML.

    Attributes:
        tree: the folder of a workspace.
        style: as `style_of` gives it for its pin.
        cfg: the YAML.
        names: the names that the fork's classes have there, where they differ.
    """

    tree: Path
    style: str
    cfg: Path
    names: Mapping[str, str]


def build_fork(fork: ForkTree, cfg: str, text: str, *, scale: str, python: str, imgsz: int = 64) -> Built | Unbuilt:
    """Build the model of a YAML from a fork's own tree, which is written into a temporary folder for it.

    Args:
        fork: the fork.
        cfg: the path of the YAML in the fork, or its name; upstream may take the scale from it.
        text: the YAML.
        scale: a letter; "" for the one that upstream takes from the file's name, else for the first of the file.
        python: the interpreter.
        imgsz: side of the image in pixels.
    """
    raise NotImplementedError


def prove(fork: Built | Unbuilt, rebuilt: Rebuilt, *, python: str) -> Proof:
    """Build the rebuilt model at the scale of the fork's, and compare them.

    Raises:
        YolopatchError: the interpreter does not start, or has no torch.
    """
    raise NotImplementedError
