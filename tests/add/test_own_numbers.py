"""Numbers of a class's own that its file leaves open, and sizes of maps that it is told."""

from __future__ import annotations

import pytest

from .classes import decided, given, refused, text

PARTS = """\
b, c, h, w = x.shape
y = x.view(b, c, h // self.k, self.k, w // self.k, self.k)
return self.a(y.view(b, c, h, w))"""


def test_a_window_and_heads_without_a_default_are_found_by_trying():
    code = text(
        "dim, window_size, num_heads",
        "self.k = window_size\nself.a = nn.Conv2d(dim, dim, 1, 1, 0, 1, num_heads)",
        PARTS,
    )
    found = decided(code)
    assert given(found) == {"dim": "c1", "window_size": "4", "num_heads": "max(c1 // 32, 1)"}
    why = {one.argument: one.why for one in found.given}
    assert why["window_size"] == "no default in the file: the usual value 7 does not fit a model's maps, and this does"
    assert why["num_heads"] == "no default in the file: a usual value, with which it works"


@pytest.mark.parametrize(
    ("argument", "made", "forward", "value"),
    [
        ("window_size", "self.k = window_size[0]", PARTS, "(4, 4)"),
        ("grid_size", "self.k = grid_size", PARTS, "4"),
        ("sr_ratio", "self.s = nn.Conv2d(c, c, sr_ratio, sr_ratio)", "return x * self.s(x).mean((2, 3), True)", "2"),
        ("reduction", "self.r = nn.Conv2d(c, c // reduction, 1)", "return x + self.r(x).mean(1, True)", "16"),
        ("dct_h", "self.k = dct_h", "return x * F.adaptive_avg_pool2d(x, self.k).mean((2, 3), True)", "7"),
    ],
)
def test_a_usual_number_that_works_is_taken(argument, made, forward, value):
    code = text(f"c, {argument}", f"{made}\nself.a = nn.Conv2d(c, c, 1)", forward)
    assert given(decided(code))[argument] == value


@pytest.mark.parametrize("argument", ["middle", "level", "num_classes_of_it"])
def test_a_number_of_which_a_name_says_nothing_is_asked_for(argument):
    code = text(f"c, {argument}", f"self.a = nn.Conv2d(c, c, 1, groups={argument})", "return x + self.a(x)")
    assert f"the value of {argument} is unknown" in refused(code)


def test_a_window_that_does_not_fit_is_told_with_one_that_does():
    code = text("dim, window_size=7", "self.k = window_size\nself.a = nn.Conv2d(dim, dim, 1)", PARTS)
    assert refused(code).endswith('with window_size=4 it works, and not with its own default: --args "c1, 4"')


@pytest.mark.parametrize(
    ("arguments", "sides", "said"),
    [
        ("dim, resolution=14", "resolution, resolution", "resolution says"),
        ("dim, img_size", "img_size, img_size", "img_size says"),
        ("dim, size", "*size", "size says"),
        ("dim, height, width", "height, width", "height and width say"),
        ("dim, width=14, height=14", "height, width", "width and height say"),
    ],
)
def test_a_class_for_maps_of_one_size_says_which_argument_has_it(arguments, sides, said):
    made = f"self.b = nn.Parameter(torch.zeros(1, dim, {sides}))\nself.a = nn.Conv2d(dim, dim, 1)"
    code = text(arguments, made, "return self.a(x) + self.b")
    assert refused(code).startswith(f"X works only with maps of the size that {said}, and a model's maps change")


def test_a_kernel_as_large_as_the_map_is_no_size_of_a_map():
    code = text("dim, extent=14", "self.a = nn.Conv2d(dim, dim, extent)", "return x + self.a(x)")
    assert "of the size that" not in refused(code)


def test_a_class_that_halves_a_map_gets_the_channels_that_it_counts_itself():
    code = text(
        "dim, out_dim=None",
        "self.r = nn.Conv2d(4 * dim, out_dim or 2 * dim, 1)",
        "return self.r(F.pixel_unshuffle(x, 2))",
    )
    found = decided(code)
    assert (found.like, given(found)) == ("downsample", {"dim": "c1", "out_dim": "c2"})
