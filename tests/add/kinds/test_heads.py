"""Heads of every task, by what they give in training; of other numbers of maps; and what is no head."""

from __future__ import annotations

import pytest

from yolopatch.errors import OpenError

from ..classes import decided, given, refused, text

MADE = "self.b = nn.ModuleList(nn.Conv2d(c, 64 + nc, 1) for c in ch)"
BOXES = "boxes = [b(f) for b, f in zip(self.b, x)]\n"
MASKS = (
    "self.p = nn.Conv2d(ch[0], nm, 1)\nself.up = nn.Upsample(scale_factor=2)\n"
    "self.m = nn.ModuleList(nn.Conv2d(c, nm, 1) for c in ch)"
)
EACH = "torch.cat([one(f).flatten(2) for one, f in zip({}, x)], 2)"
TASKS = {
    "Detect": ("nc=80, ch=()", MADE, f"{BOXES}return boxes"),
    "Segment": ("nc=80, nm=32, npr=256, ch=()", f"{MADE}\n{MASKS}",
                f"{BOXES}return boxes, {EACH.format('self.m')}, self.up(self.p(x[0]))"),
    "Pose": ("nc=80, kpt_shape=(17, 3), ch=()", f"{MADE}\nself.k = nn.ModuleList(nn.Conv2d(c, 51, 1) for c in ch)",
             f"{BOXES}return boxes, {EACH.format('self.k')}"),
    "OBB": ("nc=80, ne=1, ch=()", f"{MADE}\nself.a = nn.ModuleList(nn.Conv2d(c, ne, 1) for c in ch)",
            f"{BOXES}return boxes, {EACH.format('self.a')}"),
    "Detect behind Sequentials": ("nc=80, ch=()", "self.b = nn.ModuleList(nn.Sequential(nn.Conv2d(c, c, 3, 1, 1), "
                                  "nn.Conv2d(c, 64 + nc, 1)) for c in ch)", f"{BOXES}return boxes"),
}  # fmt: skip


@pytest.mark.parametrize("case", TASKS)
def test_a_head_is_told_by_what_it_gives_in_training(case):
    decision = decided(text(*TASKS[case]))
    assert (decision.kind, decision.stem, decision.limited) == ("head", case.partition(" ")[0], False)
    # a row's own values of a task, the points of a pose, reach the head
    of_task = {name: name for name in ("nm", "npr", "kpt_shape", "ne") if f"{name}=" in TASKS[case][0]}
    assert given(decision) == {"nc": "nc", "ch": "inputs", **of_task}


ANCHORS = "self.nl, self.na = len(anchors), len(anchors[0]) // 2"
AT_ANCHORS = {
    "one layer": (f"{ANCHORS}\nself.no = nc + 5\n"
                  "self.m = nn.ModuleList(nn.Conv2d(c, self.na * self.no, 1) for c in ch)",
                  "y = self.m[i](x[i])\n    b, _, h, w = y.shape\n"
                  "    x[i] = y.view(b, self.na, self.no, h, w).permute(0, 1, 3, 4, 2)"),
    "boxes and classes apart": (f"{ANCHORS}\nself.r = nn.ModuleList(nn.Conv2d(c, self.na * 5, 1) for c in ch)\n"
                                "self.c = nn.ModuleList(nn.Conv2d(c, self.na * nc, 1) for c in ch)",
                                "b, _, h, w = x[i].shape\n    each = [m[i](x[i]).view(b, self.na, -1, h, w) for m in "
                                "(self.r, self.c)]\n    x[i] = torch.cat(each, 2).permute(0, 1, 3, 4, 2)"),
}  # fmt: skip


@pytest.mark.parametrize("case", AT_ANCHORS)
def test_a_head_with_anchors_gets_those_of_its_row(case):
    made, each = AT_ANCHORS[case]
    code = text("nc=80, anchors=(), ch=()", made, f"for i in range(self.nl):\n    {each}\nreturn x")
    decision = decided(code)
    assert (decision.kind, decision.stem, decision.limited) == ("head", "Detect", False)
    assert given(decision) == {"nc": "nc", "anchors": "anchors", "ch": "inputs"}
    assert decision.why == "of each map it makes a box and its classes at each anchor, as yolov5's Detect"


def test_a_head_that_fails_with_a_default_of_its_own_says_what_to_give():
    made = f"{ANCHORS}\nself.points = 3 * points\nself.m = nn.ModuleList(nn.Conv2d(c, self.points, 1) for c in ch)"
    said = refused(text("nc=80, anchors=(), points=None, ch=()", made, "return [m(one) for m, one in zip(self.m, x)]"))
    assert "X cannot be made with its own defaults, points=None: " in said
    assert '--args "nc, anchors, ..., inputs"' in said


NECK = "self.m = nn.ModuleList(nn.Conv2d(c, out_channels, 1) for c in in_channels)"
UNPACKED = {4: "a, b, c, d = x\n", 2: "a, b = x\n"}


@pytest.mark.parametrize("count", UNPACKED)
def test_a_neck_of_four_maps_or_two_is_kept_for_a_yaml_of_ones_own(count):
    widths = [256, 512, 1024, 2048][:count]
    forward = f"{UNPACKED[count]}return [m(one) for m, one in zip(self.m, x)]"
    decision = decided(text(f"in_channels={widths}, out_channels=128", NECK, forward))
    assert (decision.kind, decision.limited, decision.outputs) == ("head", True, "[128] * count")
    assert decision.doubt.startswith(f"it reads {count} maps")


FOUR = {
    "unpacked": "a, b, c, d = x\n",
    "by number": "d = x[3]\n",
    "from the end": "d = x[-4]\n",
    "asserted": "assert len(x) == 4\n",
    "joined": "torch.cat([F.interpolate(one, x[0].shape[2:]) for one in (x[2], x[3])], 1)\n",
}


@pytest.mark.parametrize("case", FOUR)
def test_a_head_for_four_maps_is_kept_for_a_yaml_of_ones_own(case):
    decision = decided(text("nc=80, ch=()", MADE, f"{FOUR[case]}{BOXES}return boxes"))
    assert (decision.kind, decision.stem, decision.limited) == ("head", "Detect", True)
    assert decision.doubt == "it reads 4 maps, and the heads of the families read 3: it is for a YAML of your own"


def test_a_head_that_cannot_be_followed_is_no_attention_though_it_returns_its_input():
    code = text("nc=80, ch=()", "self.s = strange(64)", "for i in range(3):\n    x[i] = x[i] + self.s(x[i])\nreturn x")
    said = refused(code, OpenError)
    assert "it is not clear which head it is; it cannot be followed: strange, which the file does not have" in said
    assert decided(code, like="Detect").stem == "Detect"


FAILING = {
    "equal channels": "return [self.b[0](f) for f in x]",
    "a join": "return torch.cat([b(f) for b, f in zip(self.b, x)])",
    "five maps": "return self.b[4](x[4])",
    "a map of its own size": "return [b(f) + torch.zeros(20, 20) for b, f in zip(self.b, x)]",
    "raised": "raise NotImplementedError",
}


@pytest.mark.parametrize("case", FAILING)
def test_a_head_whose_code_fails_with_the_maps_of_a_model_is_refused_with_the_line(case):
    said = refused(text("nc=80, ch=()", MADE, FAILING[case]))
    assert "X cannot be a model's head: " in said
    assert "found: pasted.py, line 1" in said
    assert "with:  maps of 64, 128, 256 channels, each half as large as the last" in said


@pytest.mark.parametrize("like", [None, "Detect"])
def test_a_head_that_needs_more_than_the_maps_is_refused(like):
    code = "from ultralytics.nn.modules.head import Detect\nimport torch\n\n\nclass X(Detect):\n"
    code += "    def __init__(self, nc=80, ch=()):\n        super().__init__(nc, ch)\n\n"
    said = refused(f"{code}    def forward(self, x, text):\n        return super().forward(x)\n", like=like)
    assert "X cannot be a model's head: its forward takes x, text" in said
    assert "the list of maps alone" in said
    decided(f"{code}    def forward(self, x, text=None):\n        return super().forward(x)\n", like=like)


APART = """class Apart(nn.Module):
    def __init__(self, in_channels_list, num_classes=1):
        super().__init__()
        self.boxes = nn.ModuleList(nn.Conv2d(c, 64, 1) for c in in_channels_list)
        self.classes = nn.ModuleList(nn.Conv2d(c, num_classes, 1) for c in in_channels_list)

    def forward(self, maps):
        boxes = [one(x) for one, x in zip(self.boxes, maps)]
        classes = [one(x) for one, x in zip(self.classes, maps)]
        return {}
"""


@pytest.mark.parametrize("like", [None, "Detect"])
def test_a_head_with_its_boxes_and_classes_in_two_lists_is_refused_and_the_hint_works(like):
    said = refused(APART.format("classes, boxes"), like=like)
    assert "in training, it gives 2 lists, and upstream's loss reads one" in said
    joined = "[torch.cat(both, 1) for both in zip(boxes, classes)]"
    assert joined in said
    assert (decided(APART.format(joined)).kind, decided(APART.format(joined)).stem) == ("head", "Detect")
