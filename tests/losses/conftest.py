"""Pasted losses, and workspaces with a loss."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from yolopatch.catalog.environment.fix_patches import COMPAT
from yolopatch.catalog.modules import MODULES
from yolopatch.catalog.pins import PINS
from yolopatch.catalog.resources import source_file
from yolopatch.core.edits import NewFile
from yolopatch.core.own.patch import files_needed, own_changes
from yolopatch.core.paste.reading import read_paste
from yolopatch.outside.files.templates import load_templates
from yolopatch.steps.workspace.apply import apply

PASTED = Path(__file__).parent / "pasted"


@pytest.fixture
def texts(pristine_tree) -> Callable[[str], dict[str, str]]:
    """Give the pin's texts from which the patch of a loss is made."""

    def read(pin: str) -> dict[str, str]:
        tree = pristine_tree(pin)
        paths = files_needed(PINS[pin], MODULES["WIoU"])
        return {path: (tree / path).read_text("utf-8") for path in paths if (tree / path).is_file()}

    return read


@pytest.fixture
def between(texts):
    """Import, without its pin, the file that stands between a loss and upstream's; gives its functions."""

    def make(module, pin: str = "ultralytics-8.3.0", flavor: str = "paper", data: bytes | None = None):
        source = data if data is not None else source_file(module.source).read_bytes()
        changes, _ = own_changes(PINS[pin], module, read_paste(source, "x.py"), texts(pin), load_templates(), flavor)
        own, code = (change.text for change in changes if isinstance(change, NewFile))
        return SimpleNamespace(**_run(own, code, module.bare))

    return make


def _run(own: str, code: str, name: str) -> dict[str, object]:
    first: dict[str, object] = {}
    exec(own, first)
    lines = [line for line in code.splitlines() if not line.startswith("from ")]
    imported = next(line for line in code.splitlines() if line.startswith("from "))
    symbol = imported.rpartition(" import ")[2].partition(" as ")[0]
    second: dict[str, object] = {name: first[symbol]}
    exec("\n".join(lines), second)
    return second


@pytest.fixture
def with_loss(tmp_path, cache, need_pin):
    """Give a new workspace of a pin with a loss, and with the compatibility patch where there is one."""

    def make(pin: str, name: str = "WIoU", assigner: bool = False) -> Path:
        need_pin(pin)
        fixes = [COMPAT]
        return apply(pin, [name], "paper", tmp_path / "workspace", "auto", cache, fixes, assigner=assigner).workspace

    return make
