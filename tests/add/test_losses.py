"""A loss in a pasted file is told from a layer by what its code does, whatever it is called."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest

from yolopatch.core.loss.choosing import choose_loss
from yolopatch.core.loss.deciding import decide_loss
from yolopatch.core.loss.recognise import find_losses, loss_of_method
from yolopatch.core.paste.reading import read_paste
from yolopatch.errors import EXIT_USAGE, OpenError, UsageError

HEAD = "import torch\nimport torch.nn as nn\nimport torch.nn.functional as F\n\n\n"
LOSSES = {
    "an overlap over a union": (
        """
        def ratio(one, two, eps=1e-7):
            (ax, ay, aw, ah), (bx, by, bw, bh) = one.chunk(4, -1), two.chunk(4, -1)
            left, right = torch.max(ax - aw / 2, bx - bw / 2), torch.min(ax + aw / 2, bx + bw / 2)
            top, bottom = (ay - ah / 2).maximum(by - bh / 2), (ay + ah / 2).minimum(by + bh / 2)
            shared = (right - left).clamp(0) * (bottom - top).clamp(0)
            return shared / (aw * ah + bw * bh - shared + eps)
        """,
        "it divides the overlap of two arguments",
    ),
    "a distance": (
        """
        def apart(a, b, scale=12.8):
            gap = a[:, :2] - b[:, :2]
            return torch.exp(-torch.sqrt(gap[:, 0] * gap[:, 0] + gap[:, 1] * gap[:, 1]) / scale)
        """,
        "it measures how far two arguments are apart",
    ),
    "torch's own": (
        """
        class Thing(nn.Module):
            def forward(self, x, y, gamma=2.0):
                point = F.binary_cross_entropy_with_logits(x, y, reduction="none")
                return point * gamma
        """,
        "it calls torch's loss F.binary_cross_entropy_with_logits",
    ),
    "torch's own, stored": (
        """
        class Slide(nn.Module):
            def __init__(self):
                super().__init__()
                self.inner = nn.BCEWithLogitsLoss(reduction="none")

            def forward(self, x, y):
                return self.inner(x, y) * y
        """,
        "it calls torch's loss self.inner",
    ),
    "one number": (
        """
        class Weighted(nn.Module):
            def forward(self, scores, wanted, total):
                parts = torch.log1p(scores * wanted)
                found = parts.sum() / total
                return found, total
        """,
        "it makes one number of two arguments",
    ),
    "a class that is no module": (
        """
        class Compute:
            def __init__(self, model):
                self.bce = nn.BCELoss()

            def __call__(self, outputs, batch):
                return self.bce(outputs, batch["cls"])
        """,
        "it calls torch's loss self.bce",
    ),
}
NO_LOSSES = {
    "a map is changed in place": """
        class Change(nn.Module):
            def forward(self, x, y):
                x += y.mean()
                x *= y
                return x
        """,
    "two maps are joined": """
        class Join(nn.Module):
            def __init__(self, c1, c2):
                super().__init__()
                self.conv = nn.Conv2d(2 * c1, c2, 1)

            def forward(self, x, y):
                return self.conv(torch.cat((x - y, torch.max(x, y)), 1))
        """,
    "a map is weighted with its mean": """
        class Gate(nn.Module):
            def forward(self, x, y):
                weight = (x * y).mean()
                return x * weight
        """,
    "a mean over an axis": """
        class Pool(nn.Module):
            def forward(self, x, y):
                return (x * y).mean((2, 3), keepdim=True)
        """,
    "a helper": """
        def pad(k, p=None, d=1):
            return max(k, d) // 2 if p is None else p
        """,
}


@pytest.mark.parametrize("case", LOSSES)
def test_a_loss_is_known_by_what_it_does(case):
    text, why = LOSSES[case]
    found = next(find_losses(read_paste((HEAD + textwrap.dedent(text)).encode(), "Pasted.py")), None)
    assert found
    assert found.why == why


@pytest.mark.parametrize("case", NO_LOSSES)
def test_a_layer_with_two_inputs_is_none(case):
    assert list(find_losses(read_paste((HEAD + textwrap.dedent(NO_LOSSES[case])).encode(), "Pasted.py"))) == []


@pytest.mark.parametrize("file", sorted((Path(__file__).parent / "pasted").glob("*.py")), ids=lambda file: file.stem)
def test_no_pasted_module_is_taken_for_one(file):
    paste = read_paste(file.read_bytes(), file.name)
    assert [name for name in paste.classes if loss_of_method(paste, name, "forward")] == []


@pytest.mark.parametrize("case", ["torch's own, stored", "one number", "a class that is no module"])
def test_a_loss_of_something_else_than_boxes_is_refused_as_one(case, yolopatch, tmp_path, own_catalog):
    file = tmp_path / "Pasted.py"
    file.write_text(HEAD + textwrap.dedent(LOSSES[case][0]))
    ran = yolopatch("add", file)
    assert (ran.code, ran.out) == (EXIT_USAGE, "")
    assert "found: " in ran.err
    assert not own_catalog.exists()


BOXES = """
def {0}(a, b, power=1):
    inter = (torch.min(a[:, 2:], b[:, 2:]) - torch.max(a[:, :2], b[:, :2])).clamp(0).prod(1)
    union = (a[:, 2:] - a[:, :2]).prod(1) + (b[:, 2:] - b[:, :2]).prod(1) - inter
    return (inter / union) ** power
"""
CRITERION = """
class Criterion(nn.Module):
    def forward(self, boxes, wanted, weight, mask):
        return ((1 - {0}(boxes[mask], wanted[mask], power=2)) * weight).sum()
"""


def of_losses(*names: str, more: str = ""):
    return read_paste("\n".join([HEAD, *map(BOXES.format, names), more]).encode(), "losses.py")


def test_the_hint_for_several_losses_lists_all():
    with pytest.raises(OpenError) as caught:
        choose_loss(of_losses("first", "second", "third"), None)
    assert caught.value.hint == "name one: --class first or --class second or --class third"


CALLERS = {
    "a criterion": (CRITERION.format("second"), 22),
    "a demo": ("if __name__ == '__main__':\n    print(second(torch.ones(1, 4), torch.ones(1, 4)))\n", 20),
}


@pytest.mark.parametrize("case", CALLERS)
def test_the_hint_for_several_losses_begins_with_the_one_that_the_file_calls(case):
    more, line = CALLERS[case]
    paste = of_losses("first", "second", more=more)
    with pytest.raises(OpenError) as caught:
        choose_loss(paste, None)
    assert [*caught.value.choices] == ["first", "second"]
    assert caught.value.hint == f"name one: --class second (line {line} calls it) or --class first"
    assert "second(" in paste.line(line)


def test_a_criterion_that_wants_more_than_boxes_is_no_choice_and_names_what_it_calls():
    paste = of_losses("first", more=CRITERION.format("first"))
    assert choose_loss(paste, None) == "first"
    with pytest.raises(UsageError) as caught:
        decide_loss(paste, "Criterion")
    assert caught.value.hint == "name what it compares two boxes with: --class first"
