"""A fork as it was read: the files of its package, and what else lies beside them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class ForkTree:
    """The files of a fork.

    Attributes:
        name: of the fork, from its folder or archive: `Mamba-YOLO`.
        upstream: `ultralytics` or `yolov5`.
        files: the content of each file of the package, by its path as a release has it: `ultralytics/nn/tasks.py`. Of
            yolov5, whose tree is the package, all files.
        beside: the size in bytes of each file that is not in the package, by its path in the fork.
        said: the version that the fork says it is; "" if it says none.
        place: the folder of the package in the fork, "" for its root.
        texts: the content of the YAMLs, scripts and READMEs that are not in the package, by their path in the fork.
        elsewhere: the places of further packages in the fork.
        notes: what of the fork was not read, in sentences.
    """

    name: str
    upstream: str
    files: Mapping[str, bytes]
    beside: Mapping[str, int]
    said: str
    place: str = ""
    texts: Mapping[str, bytes] = field(default_factory=dict)
    elsewhere: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
