"""Clones that somebody edited by hand, and what a command prints in both languages."""

from __future__ import annotations

import re
import shutil
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest
from filelock import FileLock

from yolopatch.outside.language import load_translator

from ..environments.conftest import on_path, python_that_says  # noqa: F401 - interpreters that say what they have
from .entries import entry
from .mistakes import MISTAKES, Mistake

PIN = "ultralytics-8.3.0"
YOLO11 = "ultralytics/cfg/models/11/yolo11.yaml"
BLOCKS, TASKS = "ultralytics/nn/modules/block.py", "ultralytics/nn/tasks.py"
_ROW = re.compile(r"^ +- (\[.*\])", re.MULTILINE)


def class_of(mistake: Mistake) -> str:
    """Return the name of a mistake's class in the one clone that has them all."""
    return "X" + mistake.anchor.title().replace("-", "")


def _named(mistake: Mistake, text: str) -> str:
    return re.sub(r"\bX\b", class_of(mistake), text)


@pytest.fixture(scope="session")
def clone(shared, pristine_tree, own_code_runs) -> Path:
    """A clone of PIN with the class of each mistake. Read it only."""
    own_code_runs(PIN)
    place = shared / "edited-by-hand"
    with FileLock(shared / "edited-by-hand.lock"):
        if not place.exists():
            part = shared / "edited-by-hand.part"
            shutil.copytree(pristine_tree(PIN), part)
            _paste(part)
            part.rename(place)
    return place


def _paste(place: Path) -> None:
    pasted = [one for one in MISTAKES if one.code]
    with (place / BLOCKS).open("a", encoding="utf-8") as stream:
        stream.writelines(f"\n\n{_named(one, one.code)}" for one in pasted)
    tasks = (place / TASKS).read_text(encoding="utf-8")
    names = ", ".join(map(class_of, pasted))
    tasks = tasks.replace("\n\ndef ", f"\n\nfrom ultralytics.nn.modules.block import {names}\n\n\ndef ", 1)
    branches = "".join(
        f"        elif m is {class_of(one)}:\n{textwrap.indent(one.branch, ' ' * 12)}" for one in pasted if one.branch
    )
    before = "        elif m is AIFI:\n"
    assert tasks.count(before) == 1
    (place / TASKS).write_text(tasks.replace(before, branches + before), encoding="utf-8")


@pytest.fixture
def yaml_of(pristine_tree, tmp_path) -> Callable[..., Path]:
    """Write YOLO11's YAML with another row in it."""

    def write(layer: int, row: str, name: str = "yolo11n-x.yaml") -> Path:
        text = (pristine_tree(PIN) / YOLO11).read_text(encoding="utf-8")
        found = list(_ROW.finditer(text))[layer]
        file = tmp_path / name
        file.write_text(text[: found.start(1)] + row + text[found.end(1) :], encoding="utf-8")
        return file

    return write


@pytest.fixture
def cfg_of(yaml_of) -> Callable[[Mistake], Path]:
    """Write the YAML of a mistake."""
    return lambda mistake: yaml_of(mistake.layer, _named(mistake, mistake.row), f"yolo11n-{mistake.anchor}.yaml")


@pytest.fixture
def says_as_printed() -> Callable[[str, str], None]:
    """Assert that the English entry quotes a text, and the Chinese one its translation."""

    def check(anchor: str, *sentences: str) -> None:
        for language in ("en", "zh"):
            translate = load_translator(language).sentence
            said = "\n".join(map(translate, sentences))
            missing = [text for text in entry(anchor, language).printed if text not in said]
            assert entry(anchor, language).printed
            assert missing == [], f"{language}: {said}"

    return check
