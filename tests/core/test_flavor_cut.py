"""One flavor of a single source: its own names without their prefix, what it reaches, and nothing else."""

from __future__ import annotations

import pytest

from yolopatch.catalog.built_in.tutorials import TUTORIALS
from yolopatch.catalog.module import FLAVORS
from yolopatch.catalog.resources import source_file
from yolopatch.core.code.flavor import cut

SOURCE = '''"""What it is.

More of it.
"""

import math

import torch
import torch.nn.functional as F
from torch import nn

SHARED = 3
# why the paper needs this
PAPER_ONLY = 4


def helper(x):
    return F.relu(x) * SHARED


def _unused():
    return math.pi


class PaperThing(nn.Module):
    """The paper's, calls PaperPart."""

    def forward(self, x):
        return PaperPart()(helper(x)) * PAPER_ONLY


class PaperPart(nn.Module):
    pass


class TutorialThing(nn.Module):
    def forward(self, x):
        return torch.sin(x)


class Common(nn.Module):
    pass
'''


def test_the_prefix_comes_off_wherever_the_name_is_used():
    body = cut(SOURCE, ["Thing"], "paper").body
    assert "class Thing(nn.Module)" in body
    assert "class Part(nn.Module)" in body
    assert "return Part()(helper(x))" in body
    assert "PaperThing" not in body


def test_what_is_not_reached_is_left_out():
    paper, tutorial = (cut(SOURCE, ["Thing"], flavor).body for flavor in FLAVORS)
    assert "helper" in paper
    assert "SHARED = 3" in paper
    assert "# why the paper needs this\nPAPER_ONLY = 4" in paper
    assert "_unused" not in paper
    assert "Common" not in paper
    assert tutorial.strip() == "class Thing(nn.Module):\n    def forward(self, x):\n        return torch.sin(x)"


def test_only_the_imports_that_are_used_come_along():
    paper, tutorial = (cut(SOURCE, ["Thing"], flavor).imports for flavor in FLAVORS)
    assert "import math" not in (*paper, *tutorial)
    assert "import torch.nn.functional as F" in paper
    assert "import torch.nn.functional as F" not in tutorial
    assert "import torch" in tutorial


def test_a_class_that_both_flavors_share_needs_no_prefix():
    assert "class Common" in cut(SOURCE, ["Common"], "tutorial").body


def test_the_docstring_comes_along():
    assert cut(SOURCE, ["Thing"], "paper").docstring == "What it is.\n\nMore of it."


def test_a_flavor_that_reaches_into_the_other_is_refused():
    source = SOURCE.replace("torch.sin(x)", "PaperPart()(x)")
    with pytest.raises(ValueError, match="flavor tutorial reaches PaperPart of another flavor"):
        cut(source, ["Thing"], "tutorial")


def test_a_class_that_is_not_there_is_named():
    with pytest.raises(ValueError, match="defines neither PaperNothing nor Nothing"):
        cut(SOURCE, ["Nothing"], "paper")


@pytest.mark.parametrize("flavor", FLAVORS)
@pytest.mark.parametrize("module", TUTORIALS, ids=lambda m: m.name)
def test_a_cut_of_a_real_source_stands_alone(module, flavor):
    found = cut(source_file(module.source).read_text(), module.classes, flavor)
    names: dict[str, object] = {}
    exec(compile("\n".join(found.imports) + "\n" + found.body, module.source, "exec"), names)
    assert set(module.classes) <= names.keys()
    assert not [name for name in names if name.startswith(("Paper", "Tutorial"))]
