"""Which layer stands for which where rows alone do not say: what feeds them and what reads them does."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from torch import nn

from yolopatch.probe.base import rows
from yolopatch.probe.checkpoint import pairing


@pytest.fixture
def paired(monkeypatch):
    """Pair two models given as rows `(sources, module, args)`; every layer has the tensors of its arguments."""

    def model(listed):
        layers = [nn.Conv2d(1, args[0], 1) if module == "Conv" else nn.Identity() for _, module, args in listed]
        return SimpleNamespace(model=layers)

    def pair(ours, theirs):
        data = [{"backbone": [[f, 1, m, a] for f, m, a in listed], "head": []} for listed in (ours, theirs)]
        found, _ = pairing.pair_layers(model(ours), rows.rows_of(data[0]), model(theirs), rows.rows_of(data[1]))
        return list(found)

    return pair


STEM = (-1, "Conv", [8])
SAME = (-1, "Conv", [16])


def test_of_three_equal_layers_the_one_that_nobody_reads_is_new(paired):
    base = [STEM, SAME, SAME, ([2, 1], "Concat", [1])]
    assert paired([STEM, SAME, SAME, SAME, ([2, 1], "Concat", [1])], base) == [0, 1, 2, None, 3]


def test_of_three_equal_layers_the_one_in_between_is_new(paired):
    base = [STEM, SAME, SAME, ([2, 1], "Concat", [1])]
    assert paired([STEM, SAME, SAME, SAME, ([3, 1], "Concat", [1])], base) == [0, 1, None, 2, 3]


def test_of_three_equal_layers_the_one_whose_reader_is_left_without_it_is_gone(paired):
    base = [STEM, SAME, SAME, SAME, ([3, 1], "Concat", [1])]
    assert paired([STEM, SAME, SAME, ([2, 1], "Concat", [1])], base) == [0, 1, 3, 4]


def test_a_new_layer_does_not_orphan_what_is_behind_it(paired):
    base = [STEM, SAME, (-1, "Conv", [32]), (-1, "Conv", [64])]
    assert paired([STEM, (-1, "Attention", [8]), *base[1:]], base) == [0, None, 1, 2, 3]


def test_a_layer_of_other_width_still_stands_for_its_own(paired):
    base = [STEM, SAME, (-1, "Conv", [32])]
    assert paired([STEM, (-1, "Conv", [24]), (-1, "Conv", [32])], base) == [0, 1, 2]
