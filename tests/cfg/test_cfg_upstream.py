"""A render differs from upstream's own file by its header and the replaced layers, in nothing else."""

from __future__ import annotations

import difflib
import re

import pytest
import yaml

from yolopatch.catalog.model.models import MODELS, VARIANTS, find_model
from yolopatch.core.model.placement import choose

from ..of_tutorials import MODULES

# model, scale and task of every file that upstream has
FILES = [
    (family, scale, task)
    for (family, task), model in VARIANTS.items()
    for scale in (["all"] if model.has_scales_table else model.scales)
]
# of the families with a file for each scale, the files that have the most classes
PLACED = [
    file
    for file in FILES
    if not MODELS[file[0]].graphs or file[:2] in (("yolov10", "s"), ("yolov9", "e"), ("rtdetr", "x"))
]


def changed_lines(before: str, after: str) -> tuple[list[str], list[str]]:
    """Return the lines that a diff takes away and adds."""
    diff = list(difflib.ndiff(before.splitlines(), after.splitlines()))
    return [d[2:] for d in diff if d.startswith("- ")], [d[2:] for d in diff if d.startswith("+ ")]


def without_scales(text: str) -> str:
    """Take the table of scales away: a file for one scale has it under every letter."""
    return re.sub(r"(?m)^scale: .*\n|^scales:.*\n(?:  .*\n)+", "", text)


@pytest.mark.parametrize(("model", "scale", "task"), FILES)
def test_without_a_module_the_file_parses_as_upstreams_own(model, scale, task, rendered, own_text):
    found, own = (yaml.safe_load(text) for text in (rendered(model, scale, task=task), own_text(model, scale, task)))
    if MODELS[model].graphs and "scales" in own:
        ((letter, row),) = own.pop("scales").items()
        assert found.pop("scale") == letter
        assert next(iter(found.pop("scales").items())) == (letter, row)
    assert found == own


@pytest.mark.parametrize(("model", "scale", "task"), FILES)
def test_without_a_module_only_the_header_is_added(model, scale, task, rendered, own_text):
    text, own = rendered(model, scale, task=task), own_text(model, scale, task)
    if MODELS[model].graphs:
        text, own = without_scales(text), without_scales(own)
    removed, added = changed_lines(own, text)
    assert removed == []
    assert len(added) == 3
    assert text.splitlines()[:3] == added


@pytest.mark.parametrize("flavor", ["paper", "tutorial"])
@pytest.mark.parametrize("module", MODULES)
@pytest.mark.parametrize(("model", "scale", "task"), PLACED)
def test_with_a_module_a_diff_shows_the_header_and_the_replaced_layers(
    model, scale, task, module, flavor, rendered, own_text
):
    layers = choose(find_model(model, task).at(scale), MODULES[module], flavor).layers
    text, own = rendered(model, scale, module, flavor, task=task), own_text(model, scale, task)
    if MODELS[model].graphs:
        text, own = without_scales(text), without_scales(own)
    removed, added = changed_lines(own, text)
    header = [line for line in added if not line or line.startswith("#")]
    replaced = [line for line in added if line not in header]
    assert len(removed) == len(replaced) == len(layers)
    for old, new in zip(removed, replaced, strict=True):
        assert module in new
        assert module not in old
        assert old.partition("#")[2] == new.partition("#")[2], "the position comment stays"


@pytest.mark.parametrize("model", ["yolo26", "yolo11", "yolov8"])
@pytest.mark.parametrize("letter", "nsmlx")
def test_one_scale_keeps_upstreams_row_first_and_the_graph(model, letter, rendered, own_text):
    own, one = (yaml.safe_load(text) for text in (own_text(model, "all"), rendered(model, letter)))
    assert one["scale"] == letter
    assert next(iter(one["scales"])) == letter
    assert list(one["scales"].values()) == [own["scales"][letter]] * len(one["scales"])
    for section in ("backbone", "head"):
        assert [line[:3] for line in one[section]] == [line[:3] for line in own[section]]


def test_the_number_of_classes_is_the_asked_one(rendered):
    assert yaml.safe_load(rendered("yolo11", nc=3))["nc"] == 3
    assert yaml.safe_load(rendered("yolov5", "s", nc=1))["nc"] == 1
