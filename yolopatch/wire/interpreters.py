"""What an interpreter is asked without an upstream: `interpreter` and `gpus`. Any Python 3.8 can answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class InterpreterRequest:
    """Say what is installed, without importing any of it."""


@dataclass(frozen=True)
class InterpreterAnswer:
    """What an interpreter has and would import.

    Attributes:
        python: its version, `3.11.9`.
        prefix: the folder of the environment.
        virtual: whether it is a virtual environment.
        can_make: whether it can make one, with pip in it.
        packages: the version of each distribution, by normalised name.
        requirements: what a distribution asks for; of torchvision alone, which torch it was built for.
        editable: the folder's URL of each distribution that is installed from one, by normalised name.
        origins: the file that an import reads, by name; "" where there is none.
        cuda: the CUDA version that its torch was built for, "" for none.
    """

    python: str
    prefix: str
    virtual: bool
    can_make: bool
    packages: Mapping[str, str]
    requirements: Mapping[str, tuple[str, ...]]
    editable: Mapping[str, str]
    origins: Mapping[str, str]
    cuda: str


@dataclass(frozen=True)
class GpusRequest:
    """Name the GPUs that torch sees, which imports torch."""


@dataclass(frozen=True)
class GpusAnswer:
    """Their names."""

    names: tuple[str, ...]
