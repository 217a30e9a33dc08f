"""What a module's tensors start as, by what it is and by what it stands for."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from yolopatch.probe.checkpoint.inheritance import convolution, inherit


class Conv(nn.Module):
    """As upstream's: convolution, BatchNorm, activation."""

    def __init__(self, c1, c2):
        super().__init__()
        self.conv = nn.Conv2d(c1, c2, 3, bias=False)
        self.bn = nn.BatchNorm2d(c2)
        self.act = nn.SiLU()


class Plain(nn.Module):
    """A user's module that says nothing of how it begins."""

    def __init__(self, c1, c2):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(c2, c1, 3, 3))


class Declared(Plain):
    """A user's module that does."""

    def init_from(self, conv, x):
        """Take over the convolution's kernel."""
        self.weight.copy_(conv.weight)


class ConvOf(Conv):
    """A subclass of upstream's Conv with a module in it, as patches make them."""

    def __init__(self, c1, c2, inner):
        super().__init__(c1, c2)
        self.conv = inner(c1, c2)


@pytest.fixture
def inherited(monkeypatch):
    """Give the parts of a module by name: (how, tensors, reason)."""

    def parts(new, old):
        return {p.name: (p.how, p.tensors, p.reason) for p in inherit(new, old, "new", "old")}

    return parts


def test_the_same_class_takes_every_tensor_by_name(inherited):
    found = inherited(Conv(3, 8), Conv(3, 8))
    assert {how for how, _, _ in found.values()} == {"copied"}
    assert set(found) == {"new.conv", "new.bn"}


def test_a_module_that_declares_how_it_begins_is_initialised(inherited):
    assert inherited(Declared(3, 8), Conv(3, 8)) == {"new": ("initialised", ("weight",), "from Conv")}
    assert inherited(Declared(3, 8), nn.Conv2d(3, 8, 3)) == {"new": ("initialised", ("weight",), "from Conv2d")}


def test_a_module_that_does_not_is_fresh_and_the_reason_says_so(inherited):
    how, tensors, reason = inherited(Plain(3, 8), Conv(3, 8))["new"]
    assert (how, tensors) == ("fresh", ("weight",))
    assert reason == "Plain cannot be initialised from Conv: it has no method init_from(conv, x)"


def test_a_subclass_of_the_bases_class_is_walked_through(inherited):
    found = inherited(ConvOf(3, 8, Declared), Conv(3, 8))
    assert found["new.conv"][0] == "initialised"
    assert found["new.bn"][0] == "copied"
    found = inherited(ConvOf(3, 8, Plain), Conv(3, 8))
    assert found["new.conv"][0] == "fresh"
    assert found["new.bn"][0] == "copied"


def test_tensors_of_another_shape_are_fresh_and_both_shapes_are_told(inherited):
    found = inherited(Conv(3, 8), Conv(3, 16))
    assert found["new.conv"] == ("fresh", ("weight",), "weight is 8x3x3x3 here, 16x3x3x3 in the base")


def test_what_stands_for_no_convolution_is_fresh(inherited):
    how, _, reason = inherited(Declared(3, 8), nn.Sequential(Conv(3, 8)))["new"]
    assert how == "fresh"
    assert "initialised from a convolution, and the base has Sequential" in reason
    assert inherited(Declared(3, 8), None)["new"][2] == "the base has no such part"


def test_a_convolutions_batchnorm_is_folded_into_it(monkeypatch):
    layer = Conv(3, 8).eval()
    nn.init.uniform_(layer.bn.running_mean)
    nn.init.uniform_(layer.bn.running_var, 0.5, 2)
    x = torch.rand(1, 3, 8, 8)
    torch.testing.assert_close(convolution(layer)(x), layer.bn(layer.conv(x)))
