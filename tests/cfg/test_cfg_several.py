"""Several modules in one file: each at its own layers, none at another's."""

from __future__ import annotations

import pytest
import yaml
from jinja2 import FileSystemLoader

from yolopatch.catalog.resources import templates_dir
from yolopatch.core.model.cfg_text import file_name, render_text
from yolopatch.core.templates import template_environment
from yolopatch.errors import UsageError
from yolopatch.steps.model.render_request import RenderRequest, plan


def refusal(*modules: str, **request) -> UsageError:
    with pytest.raises(UsageError) as caught:
        plan(RenderRequest(modules, "yolo11", **request))
    return caught.value


def test_each_stands_at_its_own_placement_or_the_one_asked_for():
    request = RenderRequest(("RefConv", "DSConv", "SPConv"), "yolo11", placements=("spconv:+4", "DSConv:neck-blocks"))
    (cfg,) = plan(request)
    data = yaml.safe_load(render_text(cfg, template_environment(FileSystemLoader(templates_dir()))))
    placed = {number: row[2] for number, row in enumerate([*data["backbone"], *data["head"]]) if "_" in row[2]}
    assert placed == {
        **dict.fromkeys((1, 3, 6, 8), "Conv_RefConv"),
        **dict.fromkeys((14, 17, 20, 23), "C3k2_DSConv"),
        5: "Conv_SPConv",
    }
    assert file_name(cfg) == "yolo11-RefConv-DSConv-neck-blocks-SPConv-after-4.yaml"


def test_two_on_one_layer_are_refused():
    said = refusal("RefConv", "DSConv", placements=("RefConv:1,2,4", "DSConv:all-blocks"))
    assert said.what == "RefConv and DSConv are both placed on layers 2, 4 of yolo11"
    assert said.details == ("RefConv: placement at-1-2-4", "DSConv: placement all-blocks")


def test_two_behind_one_layer_are_refused():
    said = refusal("RefConv", "DSConv", placements=("RefConv:+4", "DSConv:2,+4"))
    assert said.what == "RefConv and DSConv are both placed on the position after layer 4 of yolo11"


def test_block_means_every_block_for_each_of_them():
    assert "both placed on layers 2, 4" in refusal("RefConv", "DSConv", block=True).what


@pytest.mark.parametrize(
    ("placements", "said", "hint"),
    [
        (("1,3",), "for which module?", "RefConv:1,3"),
        (("SPConv:1,3",), "SPConv is not placed", "--module SPConv"),
        (("RefConv:1", "refconv:3"), "already has the placement 1", '"RefConv:1,3"'),
        (("NoConv:1",), "unknown module", ""),
    ],
)
def test_a_placement_says_whose_it_is(placements, said, hint):
    error = refusal("RefConv", "DSConv", placements=placements)
    assert said in error.what
    assert hint in error.hint


def test_one_module_asked_for_twice_is_one():
    (cfg,) = plan(RenderRequest(("DSConv", "C3k2_DSConv"), "yolo11"))
    assert len(cfg.replacements) == 1
