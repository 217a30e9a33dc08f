"""Checkpoints of models with yolopatch's own modules: their classes are known where the workspace has the module."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping

import pytest

from yolopatch.catalog.modules import MODULES
from yolopatch.catalog.pins import PINS
from yolopatch.catalog.resources import patch_file
from yolopatch.core.checkpoint.allowed import unknown_names
from yolopatch.core.patch.parsing import parse_patch

every_pin = pytest.mark.parametrize("pin", PINS)
PAPERS = [module for module in MODULES.values() if not module.tutorial]


def _files(pin: str) -> Mapping[str, str]:
    """Every file that a module without a tutorial adds to a pin, with its text."""
    patches = (parse_patch(patch_file(pin, m.name, "paper").read_text(encoding="utf-8"), m.name) for m in PAPERS)
    return {change.path: change.new for patch in patches for change in patch.changes if change.new is not None}


def _classes(files: Mapping[str, str]) -> list[str]:
    """Every class in these files, as a checkpoint names it."""
    return [
        f"{path.removesuffix('.py').replace('/', '.')}.{node.name}"
        for path, text in files.items()
        for node in ast.parse(text).body
        if isinstance(node, ast.ClassDef)
    ]


def _reader(files: Mapping[str, str]) -> Callable:
    return lambda paths: {path: files[path] for path in paths if path in files}


@every_pin
def test_the_classes_of_every_module_are_known_where_the_workspace_has_it(pin):
    files = _files(pin)
    asked = _classes(files)
    assert len(asked) > len(PAPERS)
    assert unknown_names(PINS[pin], asked, _reader(files)) == ()


@every_pin
def test_they_are_strange_to_a_workspace_without_the_module(pin):
    asked = _classes(_files(pin))
    assert unknown_names(PINS[pin], asked, _reader({})) == tuple(asked)


STRANGE = ("gsconv.Other", "gsconv_layers.os", "gsconv_more.GSConv", "ema.sub.EMA", "emax.EMA", "coordatt.GSConv")


@pytest.mark.parametrize("name", STRANGE)
def test_a_name_that_only_looks_like_one_of_a_module_is_not_known(name):
    pin = "yolov5-pypi-6.1.0"
    asked = f"yolov5.models.{name}"
    more = {"yolov5/models/gsconv_more.py": "class GSConv: ...", "yolov5/models/emax.py": "class EMA: ..."}
    assert unknown_names(PINS[pin], [asked], _reader({**_files(pin), **more})) == (asked,)
