"""A class is followed in the rows that the models give it, at the scales n, s and m: the default placement works."""

from __future__ import annotations

import pytest

from yolopatch.catalog.model.models import find_model
from yolopatch.catalog.model.widths import widths
from yolopatch.catalog.modules import MODULES
from yolopatch.core.model.placement import choose
from yolopatch.errors import UsageError
from yolopatch.outside.own.own_catalog import load_own_catalog
from yolopatch.steps.own.add import AddedModule, AddRequest, add

from .classes import text

# as upstream prints them, from the stem to the last layer before the head
WIDTHS = {
    ("yolo11", "n"): (16, 32, 64, 64, 128, 128, 128, 256, 256, 256, 256, 256, 384, 128, 128, 256, 64, 64, 192, 128, 128,
                      384, 256),
    ("yolov8", "m"): (48, 96, 96, 192, 192, 384, 384, 576, 576, 576, 576, 960, 384, 384, 576, 192, 192, 576, 384, 384,
                      960, 576),
    ("yolov5", "s"): (32, 64, 64, 128, 128, 256, 256, 512, 512, 512, 256, 256, 512, 256, 128, 128, 256, 128, 128, 256,
                      256, 256, 512, 512),
}  # fmt: skip


@pytest.mark.parametrize("model", WIDTHS)
def test_the_channels_of_a_model_are_upstreams(model):
    name, scale = model
    assert widths(find_model(name), scale)[:-1] == WIDTHS[model]


CHECKED = (
    "c_ = int(c2 * e)\nassert c_ % {0} == 0\n"
    "self.m = nn.Sequential(nn.Conv2d(c1, c2, 1), *(nn.Conv2d(c2, c2, 1) for _ in range(n)))"
)
FIXED = "self.a = nn.Conv2d({0}, {0}, 1)"


@pytest.fixture
def added(paste, own_catalog, tmp_path):
    """Add a class of these arguments, constructor and forward."""

    def run(arguments: str, made: str, forward: str = "return self.m(x)", **asked) -> AddedModule:
        file = paste(text(arguments, made, forward), "X.py")
        return add(AddRequest(file, name="Placed", **asked), own_catalog, tmp_path / "no-cache")

    return run


def test_a_block_that_needs_wide_maps_gets_the_rows_that_have_them(added):
    found = added("c1, c2, n=1, e=0.5", CHECKED.format(32))
    assert (found.decision.kind, found.placement, found.decision.limited) == ("block", "4,6,8", False)
    assert found.decision.doubt == (
        "the default placement is 4,6,8, because all-blocks fails with 32 channels in and 32 out, in layer 2 of"
        " yolov8n: `assert c_ % 32 == 0` does not hold (line 10)"
    )
    assert set(found.scales.values()) == {"n"}


def test_a_block_that_works_everywhere_keeps_its_placement(added):
    found = added("c1, c2, n=1, e=0.5", CHECKED.format(8))
    assert (found.placement, found.decision.doubt) == ("all-blocks", "")
    assert found.scales == dict.fromkeys(("yolov5", "yolov8", "yolo11", "yolo26"), "n")


def test_a_rows_own_expansion_counts(added):
    # a C3k2 of layer 4 has 128 channels and e = 0.25 at scale n
    found = added("c1, c2, n=1, e=0.5", CHECKED.format(64))
    assert found.placement == "6,8"


def test_one_that_fits_one_width_alone_is_for_the_models_that_have_it(added):
    found = added("dim", FIXED.format(256), "return x + self.a(x)")
    assert (found.decision.kind, found.placement) == ("attention", "+8")
    assert found.scales == dict.fromkeys(("yolov5", "yolov8", "yolo11", "yolo26"), "n")
    assert found.decision.doubt.startswith("it works in yolov8n, yolo11n, yolo26n, yolov5n, with the placement +8, and")


def test_one_for_a_larger_scale_is_tried_and_shown_at_that_scale(yolopatch, paste, own_catalog):
    made = "assert c1 == c2 and c1 != 256\nself.m = nn.Sequential(*(nn.Conv2d(c1, c2, 1) for _ in range(n)))"
    ran = yolopatch("add", paste(text("c1, c2, n=1", made, "return self.m(x)"), "X.py"), "--name", "Placed")
    assert ran.code == 0, ran.err
    assert "it works in yolo11s, yolo11m, yolo26s, yolo26m, with the placement c2psa" in ran.err
    assert "--model yolo26 --scale s" in ran.out


@pytest.mark.parametrize("asked", [None, "tutorial"])
def test_a_convolution_is_rendered_in_its_own_rows(added, asked, own_catalog):
    made = "self.m = nn.Sequential(nn.Conv2d(c1, c2, k, s, k // 2, groups=32), nn.BatchNorm2d(c2))"
    found = added("c1, c2, k=3, s=1", made)
    assert found.placement == "3,5,7"
    load_own_catalog(own_catalog)
    model = find_model("yolo11").at("n")
    assert choose(model, MODULES["Placed"], "paper", asked).layers == (3, 5, 7)


def test_one_that_fits_no_model_is_refused_with_its_row(added):
    with pytest.raises(UsageError, match="X cannot be a layer after another one") as caught:
        added("dim", FIXED.format(72), "return x + self.a(x)", like="attention")
    assert "nn.Conv2d takes 72 channels, and gets 64" in caught.value.what
