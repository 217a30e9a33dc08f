"""Questions to an interpreter that need no upstream: `interpreter`, `imports` and `gpus`. Python 3.8 can answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class InterpreterRequest:
    """Describe the interpreter and its packages, without importing them.

    Attributes:
        modules: the names of the modules to look for.
    """

    modules: tuple[str, ...] = ()


@dataclass(frozen=True)
class InterpreterAnswer:
    """An interpreter, and the packages that it would import.

    Attributes:
        python: its version, `3.11.9`.
        prefix: the folder of the environment.
        virtual: whether it is a virtual environment.
        can_make: whether it can make a virtual environment with pip.
        packages: the version of each distribution, by normalised name.
        requirements: the requirements of torchvision alone, by its name: they name the torch that it was built for.
        editable: the URL of the folder of each editable installation, by normalised name.
        origins: the file that an import would read, by the name of each requested module; "" for none.
        cuda: the CUDA version that its torch was built for; "" for none.
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
class ImportsRequest:
    """Find the file that scripts would import, without importing it.

    Attributes:
        module: the name of the top-level module.
        folders: the folder of each script; "" for a command of the environment, whose folder holds no modules.
        appended: a folder that each script adds at the end of its path; "" for none.
    """

    module: str
    folders: tuple[str, ...]
    appended: str = ""


@dataclass(frozen=True)
class ImportsAnswer:
    """The file that each script would import, in the order of the folders; "" where it finds none."""

    files: tuple[str, ...]


@dataclass(frozen=True)
class GpusRequest:
    """Name the GPUs that torch finds. This imports torch."""


@dataclass(frozen=True)
class GpusAnswer:
    """The names of the CUDA devices, and whether torch can use the GPU of a Mac (`mps`)."""

    names: tuple[str, ...]
    mps: bool = False
