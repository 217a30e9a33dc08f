"""The store of MLflow in files: what nodes have sent of their own ones is put into the one of the grid.

A store has a folder for each experiment, and in it one for each run. Each node's MLflow makes the experiment of the
grid anew, under a number of its own; in the store of the grid it is one.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path, PurePath

import yaml

from yolopatch.core.plain_yaml import PlainYamlError, load_plain
from yolopatch.outside.files.existing import read_if_there

_HEAD = "meta.yaml"  # of an experiment, and of a run


def is_head(name: PurePath) -> bool:
    """Return whether a file of a store says what an experiment is."""
    return len(name.parts) == 2 and name.name == _HEAD


def placed(files: Mapping[str, bytes], store: Path) -> dict[str, bytes]:
    """Return files of a node's store as they belong into another: runs below the experiment that has their name there.

    Args:
        files: by their names below the node's store, with the heads of all experiments.
        store: the other one.
    """
    there = {_name(head.read_bytes()): head.parent.name for head in store.glob(f"*/{_HEAD}")}
    numbers = {
        PurePath(name).parts[0]: there.get(_name(data), PurePath(name).parts[0])
        for name, data in files.items()
        if is_head(PurePath(name))
    }
    found = {}
    for name, data in files.items():
        number, *rest = PurePath(name).parts
        new = numbers.get(number, number)
        if is_head(PurePath(name)) and read_if_there(store / new / _HEAD) is not None:
            continue
        is_of_run = len(rest) == 2 and rest[1] == _HEAD
        found["/".join([new, *rest])] = _numbered(data, number, new) if is_of_run and new != number else data
    return found


def _name(head: bytes) -> object:
    return _content(head).get("name")


def _numbered(head: bytes, old: str, new: str) -> bytes:
    """Return the head of a run below an experiment of another number."""
    content = dict(_content(head))
    content["experiment_id"] = new
    content["artifact_uri"] = str(content.get("artifact_uri", "")).replace(f"/{old}/", f"/{new}/")
    return yaml.safe_dump(content, sort_keys=False, allow_unicode=True).encode()


def _content(data: bytes) -> Mapping[str, object]:
    try:
        found = load_plain(data.decode("utf-8", "replace"))
    except PlainYamlError:
        found = None
    return found if isinstance(found, dict) else {}
