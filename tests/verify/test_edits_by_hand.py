"""What `build` says of edits of parse_model, of a head and of a YAML that keep the model from being built.

Each names the edit, and not the layer of upstream's own at which it came out.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from yolopatch.catalog.pins import PINS
from yolopatch.wire.statuses import FAIL

from .conftest import PIN

# a class by name, the branch of parse_model that its author wrote for it, its row, and what must be said of it
GATE = """
    class Gate(nn.Module):
        def __init__(self, c1, k=7):
            super().__init__()
            self.weigh = nn.Conv2d(c1, c1, 1)

        def forward(self, x):
            return x * self.weigh(x.mean((2, 3), keepdim=True)).sigmoid()
"""
NO_WEIGHTS = """
    class NoWeights(nn.Module):
        def forward(self, x):
            return x * x.sigmoid()
"""
WIDE = """
    class Wide(Conv):
        pass
"""
TWO_MAPS = """
    class TwoMaps(nn.Module):
        def __init__(self, c1, c2):
            super().__init__()
            self.join = Conv(c1 + c2, c1)

        def forward(self, fine, coarse):
            return self.join(torch.cat([fine, coarse], 1))
"""
ADDED = """
    class Added(nn.Module):
        def forward(self, x):
            return x[0] + x[1]
"""
NAMELESS = """
    class Nameless(Conv):
        def forward(self, x):
            return checkpoint(super().forward, x)
"""
POINTS = """
    class Points(Detect):
        def forward(self, x):
            points = [one.mean() for one in x]
            return Detect.forward(self, x), points
"""
SOURCES = {
    "Gate": GATE,
    "NoWeights": NO_WEIGHTS,
    "Wide": WIDE,
    "TwoMaps": TWO_MAPS,
    "Added": ADDED,
    "Nameless": NAMELESS,
    "Points": "from ultralytics.nn.modules.head import Detect\n" + POINTS.replace("\n    ", "\n"),
}
BRANCHES = {
    "Gate": "c2 = make_divisible(args[0] * width, 8)\nargs = [c2, *args[1:]]",  # without upstream's max_channels
    "NoWeights": "c2 = args[0]\nargs = []",
    "Wide": "c1, c2 = ch[f], make_divisible(args[0] * width, 8)\nargs = [c1, c2, *args[1:]]",
    "TwoMaps": "args = [ch[x] for x in f]\nc2 = args[0]",
    "Nameless": "c1, c2 = ch[f], make_divisable(args[0] * width, 8)\nargs = [c1, c2, *args[1:]]",
    "Points": "args = [nc, [ch[x] for x in f]]",
}
SPPF, ATTENTION, JOIN, HEAD = 9, 10, 12, 23


@pytest.fixture
def built(broken_workspace, broken_cfg, findings):
    """Return what `build` finds of YOLO11 with a class in one of its rows."""

    def run(name: str, layer: int, args: str | None = None, scale: str = "n"):
        branches = {key: code for key, code in BRANCHES.items() if key == name}
        place = broken_workspace({name: SOURCES[name]}, branches=branches)
        ((found,),) = findings(place, PIN, [(broken_cfg(name, (layer,), args, scale=scale), scale, ("build",))])
        return found

    return run


def test_a_branch_that_counts_other_channels_is_the_cause_and_not_the_layer_behind_it(built):
    found = built("NoWeights", SPPF)
    assert found.status == FAIL
    assert "parse_model counts 1024 channels for layer 9 (NoWeights), which gives 256" in found.summary
    assert "branch of NoWeights" in found.hint


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("Gate", "layer 9 (Gate) is made for 1024 channels, and its input has 512"),
        ("Wide", "layer 9 (Wide) gives 1024 channels at scale l, and the base's SPPF gives 512"),
    ],
)
def test_a_branch_without_the_limit_of_channels_is_the_cause_at_a_large_scale(built, name, said):
    found = built(name, SPPF, scale="l")
    assert found.status == FAIL
    assert said in found.summary
    assert f"branch of {name}" in found.hint


def test_a_forward_that_takes_each_map_by_itself_is_told_that_upstream_hands_over_a_list(built):
    found = built("TwoMaps", JOIN)
    assert "calls it with one value, and its forward takes 2: fine, coarse" in found.summary
    assert "fine, coarse = x" in found.hint


def test_a_row_of_two_layers_without_a_branch_is_told_which_branch_to_write(broken_workspace, broken_cfg, findings):
    place = broken_workspace({"Conv2x": GATE.replace("Gate", "Conv2x"), "Added": ADDED}, branches={"Conv2x": "pass"})
    parser = (place / PINS[PIN].layout.parser).read_text()
    assert "elif m in (Added,):" in parser
    ((found,),) = findings(place, PIN, [(broken_cfg("Added", (JOIN,), "1"), "n", ("build",))])
    assert "reads 2 layers, and parse_model looks up the channels of one" in found.summary
    assert "c2 = ch[f[0]]" in found.hint


def test_a_name_that_parse_model_does_not_have_is_told_with_its_line(built):
    found = built("Nameless", SPPF)
    assert "uses the name make_divisable, which tasks.py neither defines nor imports" in found.summary


def test_a_head_that_returns_more_in_training_is_the_cause_where_the_strides_are_measured(built):
    found = built("Points", HEAD, "nc")
    assert "cannot measure the strides of layer 23 (Points): in training it returns tuple(list, list)" in found.summary
    assert "let Points return" in found.hint


@pytest.mark.parametrize(
    ("old", "new", "said", "hint"),
    [
        ("backbone:", "back_bone:", "it has no backbone", "in place of back_bone:"),
        ("head:", "head: my_head.py\nrest:", "says head: 'my_head.py'", "loads no other file"),
        ("head:", "head:\n  type: mine\nrest:", "has the keys type under head:", "as a row"),
        ("nn.Upsample", "nn.upsample", "asks for the class nn.upsample", "nn.Upsample"),
        ("nc: 80", "nc: 80\nch: 5", "", ""),
    ],
)
def test_the_rows_of_a_file_are_missing_or_have_another_form(
    full_workspace, broken_cfg, findings, old, new, said, hint
):
    file: Path = broken_cfg("Conv", ())
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(f"\n{old}", f"\n{new}", 1) if f"\n{old}" in text else text.replace(old, new, 1))
    ((found,),) = findings(full_workspace(PIN), PIN, [(file, "n", ("build",))])
    assert (found.status == FAIL) == bool(said)
    assert said in found.summary
    assert hint in found.hint


def test_an_error_of_parse_model_is_not_put_down_to_the_row_of_upstream_at_which_it_comes_out(
    full_workspace, tmp_path, git_in, broken_cfg, findings
):
    place = tmp_path / "edited"
    git_in(tmp_path, "clone", "-q", str(full_workspace(PIN)), str(place))
    parser = place / PINS[PIN].layout.parser
    text = parser.read_text().replace("        elif m is AIFI:\n", "        elif m in (AIFI):\n", 1)
    assert "elif m in (AIFI):" in text
    parser.write_text(text)
    ((found,),) = findings(place, PIN, [(broken_cfg("Conv", ()), "n", ("build",))])
    assert "parse_model itself fails at layer 11 (nn.Upsample), whose row is upstream's own" in found.summary
    assert "tasks.py:" in found.hint
