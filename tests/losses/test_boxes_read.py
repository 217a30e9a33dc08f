"""Which class of a file is a loss of boxes, and what its code does with them, however the code is written."""

from __future__ import annotations

from pathlib import Path

import pytest

from yolopatch.catalog.modules import MODULES
from yolopatch.errors import OpenError, UsageError
from yolopatch.outside.own.own_catalog import load_own_catalog
from yolopatch.steps.own.add import AddRequest, add

HEAD = "import torch\nimport torch.nn as nn\n\n\n"
SHARE = """def share(a, b, one="", other="", ratio=1.0):
    size = (a[:, 2:] - a[:, :2]).prod(-1) * ratio + (b[:, 2:] - b[:, :2]).prod(-1) * ratio
    wide = (torch.min(a[:, 2], b[:, 2]) - torch.max(a[:, 0], b[:, 0])).clamp(0)
    high = (torch.min(a[:, 3], b[:, 3]) - torch.max(a[:, 1], b[:, 1])).clamp(0)
    return wide * high / (size - wide * high + 1e-7)


"""
AROUND = """class Around(nn.Module):
    def __init__(self, ratio=0.8):
        super().__init__()
        self.ratio = ratio

    def forward(self, pred, target):
        return 1.0 - share(pred, target, ratio=self.ratio)
"""
# each is the way in which a function pairs its boxes; {} are the four corners
CROSSED = {
    "a new axis in an index": ("a[:, None, {}]", "b[:, {}]"),
    "a new axis in each": ("a[:, None, {}]", "b[None, :, {}]"),
    "an axis by a call": ("a.unsqueeze(1)[..., {}]", "b.unsqueeze(0)[..., {}]"),
}
TABLE = """class Table(nn.Module):
    def __init__(self, power=1.0):
        super().__init__()
        self.power = power

    def forward(self, pred, target):
        self._got = {
            "low": lambda: torch.maximum(pred[..., :2] - pred[..., 2:] / 2, target[..., :2] - target[..., 2:] / 2),
            "high": lambda: torch.minimum(pred[..., :2] + pred[..., 2:] / 2, target[..., :2] + target[..., 2:] / 2),
            "size": lambda: torch.prod(pred[..., 2:], -1) + torch.prod(target[..., 2:], -1),
        }
        shared = (self._take("high") - self._take("low")).clamp(0).prod(-1)
        return 1 - (shared / (self._take("size") - shared)) ** self.power

    def _take(self, name):
        return self._got[name]()
"""
SWITCHES = """def many(a, b, GIoU=False, Far=False):
    found = share(a, b)
    if GIoU or Far:
        gap = (torch.max(a[:, 2], b[:, 2]) - torch.min(a[:, 0], b[:, 0])).clamp(1e-7)
        apart = (a[:, 0] + a[:, 2] - b[:, 0] - b[:, 2]) ** 2 / gap**2
        return found - apart if Far else found - apart / 2
    return found
"""


def crossed(one: str, other: str, end: str = "found") -> str:
    low = f"torch.max({one.format(':2')}, {other.format(':2')})"
    high = f"torch.min({one.format('2:')}, {other.format('2:')})"
    return f"{HEAD}def between(a, b):\n    found = ({high} - {low}).clamp(0).prod(-1)\n    return {end}\n"


@pytest.fixture
def add_text(own_catalog, cache, tmp_path: Path):
    def added(text: str, **options):
        file = tmp_path / "Pasted.py"
        file.write_text(text)
        found = add(AddRequest(file, **options), own_catalog, cache)
        load_own_catalog(own_catalog)
        return found, MODULES[found.module]

    return added


@pytest.mark.parametrize("case", CROSSED)
def test_a_function_that_compares_each_box_with_every_other_one_is_refused(case, add_text):
    with pytest.raises(UsageError, match="compares each box with every other one") as error:
        add_text(crossed(*CROSSED[case]), gives="overlap")
    assert "line 6: found" in error.value.details[1]
    assert "torch.diag(...)" in error.value.hint


def test_the_pairs_on_the_diagonal_are_those_of_one_box_each(add_text):
    _, module = add_text(crossed("a[:, None, {}]", "b[:, {}]", "torch.diag(found)"), gives="overlap")
    assert (module.boxes, module.gives) == (("xyxy", "xyxy"), "overlap")


def test_torchvisions_overlaps_of_all_boxes_are_refused_without_their_diagonal(add_text):
    text = "from torchvision.ops import generalized_box_iou\n\n\ndef far(a, b):\n    return 1 - {}\n"
    whole = "generalized_box_iou(a, b)"
    with pytest.raises(UsageError, match="compares each box with every other one"):
        add_text(text.format(whole), symbol="far", boxes="xyxy")
    _, module = add_text(text.format(f"{whole}.diag()"), symbol="far", boxes="xyxy", gives="loss")
    assert module.gives == "loss"


def test_the_same_axis_in_both_boxes_pairs_them_as_before(add_text):
    _, module = add_text(crossed("a[:, None, {}]", "b[:, None, {}]"), gives="overlap")
    assert module.gives == "overlap"


def test_a_class_whose_function_compares_the_boxes_is_a_loss_and_no_join(add_text):
    _, module = add_text(HEAD + SHARE + AROUND, symbol="Around")
    assert (module.kind, module.gives, module.boxes) == ("loss", "loss", ("xyxy", "xyxy"))


def test_a_class_that_splits_two_maps_is_no_loss(add_text):
    text = """class Both(nn.Module):
    def forward(self, a, b):
        left, right = a.chunk(2, 1)
        return torch.cat((left - right, right, b), 1)
"""
    _, module = add_text(HEAD + text)
    assert module.kind == "join"


def test_a_loss_that_keeps_what_it_computes_in_a_table_is_one_of_boxes(add_text):
    found, module = add_text(HEAD + TABLE, gives="loss")
    assert (module.kind, module.boxes) == ("loss", ("xywh", "xywh"))
    assert found.decision.doubt == ""  # what each call sets anew is no state


def test_of_the_losses_of_a_file_those_of_boxes_are_meant(add_text):
    text = f"""{HEAD}{SHARE}{AROUND}

class Whole(nn.Module):
    def __init__(self):
        super().__init__()
        self.around = Around()
        self.bce = nn.BCEWithLogitsLoss()

    def forward(self, scores, labels, boxes):
        return self.bce(scores, labels) + self.around(boxes, boxes).mean()
"""
    _, module = add_text(text)
    assert module.name == "Around"


def test_a_function_that_gives_a_weighted_sum_is_refused_before_its_weights_are_asked_for(add_text):
    text = f"{HEAD}{SHARE}def summed(a, b, weight, total):\n    return ((1 - share(a, b)) * weight).sum() / total\n"
    with pytest.raises(UsageError, match="summed gives one number for all boxes"):
        add_text(text, symbol="summed")
    with pytest.raises(OpenError, match="the value of weight is unknown"):
        add_text(f"{HEAD}{SHARE}def each(a, b, weight):\n    return (1 - share(a, b)) * weight\n", symbol="each")


def test_a_function_with_a_switch_for_each_loss_says_that_none_is_on(add_text):
    found, module = add_text(HEAD + SHARE + SWITCHES, symbol="many")
    assert "its switches GIoU, Far are all off" in found.decision.doubt
    assert found.decision.doubt.endswith('--args "GIoU=True"')
    found, module = add_text(HEAD + SHARE + SWITCHES, symbol="many", args="GIoU=True", replace=True)
    assert (found.decision.doubt, module.call) == ("", "many(GIoU=True)")
