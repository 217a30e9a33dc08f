"""Whether a rebuilt model is the fork's: found by its layers, its tensors and its outputs."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from yolopatch.core.fork.agreement import (
    EQUAL,
    ONLY_FORK,
    ONLY_REBUILT,
    OTHER_OUTPUTS,
    OTHER_SOURCES,
    OTHER_TENSORS,
    ROUNDED,
    compare_built,
)
from yolopatch.wire.fork.models import Built, BuiltLayer, BuiltTensor, Values


def _values(digest: str = "a", norm: float = 2.0, first: float = 0.5, shape=(1, 8, 4, 4)) -> Values:
    return Values(shape, digest, norm, (first, *[0.1] * 15))


def _layer(index: int, kind: str = "Conv", **fields) -> BuiltLayer:
    layer = BuiltLayer(index, index, (index - 1,), kind, 72, (_values(),), True)
    return replace(layer, **fields)


def _tensor(index: int, name: str = "conv.weight", shape=(8, 1, 3, 3), start: str = "s") -> BuiltTensor:
    return BuiltTensor(f"model.{index}.{name}", shape, True, start)


def _built(**fields) -> Built:
    layers = tuple(_layer(index) for index in range(3))
    tensors = tuple(_tensor(index) for index in range(3))
    return replace(Built("DetectionModel", "detect", "n", 64, 216, tensors, layers, ()), **fields)


def _with_layer(index: int, **fields) -> Built:
    built = _built()
    return replace(built, layers=tuple(replace(one, **fields) if one.index == index else one for one in built.layers))


def _with_tensor(index: int, tensor: BuiltTensor | None) -> Built:
    built = _built()
    tensors = [tensor if one.name.startswith(f"model.{index}.") else one for one in built.tensors]
    return replace(built, tensors=tuple(one for one in tensors if one))


def test_the_same_model_under_another_name_is_the_same_bit_by_bit():
    found = compare_built(_built(), _with_layer(1, kind="Conv_Slug"))
    assert (found.same, found.tensors, found.outputs, found.start, found.first) == (True, True, EQUAL, True, None)
    assert found.layers[1].name == "layer 1 (Conv in the fork, Conv_Slug rebuilt)"
    assert found.what.endswith("bit by bit")


@pytest.mark.parametrize(
    ("rebuilt", "how", "words"),
    [
        (
            _with_tensor(1, _tensor(1, shape=(16, 1, 3, 3))),
            OTHER_TENSORS,
            "conv.weight is (8, 1, 3, 3) in the fork, and (16, 1, 3, 3) rebuilt",
        ),
        (_with_tensor(1, None), OTHER_TENSORS, "the rebuilt model has no conv.weight (8, 1, 3, 3)"),
        (
            _with_tensor(1, _tensor(1, "cv.weight")),
            OTHER_TENSORS,
            "the rebuilt model has no conv.weight (8, 1, 3, 3)",
        ),
        (
            replace(_built(), tensors=(*_built().tensors, _tensor(1, "bn.weight", (8,)))),
            OTHER_TENSORS,
            "the fork's model has no bn.weight (8)",
        ),
        (_with_layer(1, sources=(-1,)), OTHER_SOURCES, "it reads layer 0 in the fork, and layer the image rebuilt"),
        (
            _with_layer(1, outputs=(_values("b", norm=2.2),)),
            OTHER_OUTPUTS,
            "its tensors are the same, and with the same weights its outputs differ by 0.09 of their size",
        ),
        (
            _with_layer(1, outputs=(_values("b", shape=(1, 8, 2, 2)),)),
            OTHER_OUTPUTS,
            "it returns (1, 8, 4, 4) in the fork, and (1, 8, 2, 2) rebuilt",
        ),
        (_with_layer(1, outputs=(_values("b", norm=math.nan),)), OTHER_OUTPUTS, "it returns (1, 8, 4, 4) in the fork"),
    ],
)
def test_the_first_layer_that_differs_is_named(rebuilt, how, words):
    found = compare_built(_built(), rebuilt)
    assert not found.same
    assert (found.first.index, found.first.how, found.first.what) == (1, how, found.first.what)
    assert words in found.first.what
    assert found.what == f"layer 1 (Conv) is the first that differs: {found.first.what}"


def test_a_change_of_one_channel_is_seen_though_the_norm_is_the_same():
    found = compare_built(_built(), _with_layer(2, outputs=(_values("b", first=0.4),)))
    assert (found.first.index, found.outputs) == (2, OTHER_OUTPUTS)


def test_rounding_is_no_difference_and_may_grow_behind_the_layer_that_begins_it():
    rebuilt = _built(
        layers=(
            _layer(0, outputs=(_values("b", first=0.5 + 1e-7),)),
            _layer(1, outputs=(_values("b", first=0.5 + 1e-4),)),
            _layer(2, outputs=(_values("b", first=0.5 + 5e-4),)),
        )
    )
    found = compare_built(_built(), rebuilt)
    assert [layer.how for layer in found.layers] == [ROUNDED] * 3
    assert (found.same, found.outputs) == (True, ROUNDED)
    assert found.what.endswith("the layers differ by at most 0.0005 of their size")
    begins = _with_layer(1, outputs=(_values("b", first=0.5 + 1e-4),))
    assert compare_built(_built(), begins).first.index == 1


def test_layers_that_one_model_alone_has_are_told():
    short = _built(layers=_built().layers[:2], tensors=_built().tensors[:2])
    assert not compare_built(_built(), short).tensors
    assert compare_built(_built(), short).first.how == ONLY_FORK
    assert compare_built(short, _built()).first.how == ONLY_REBUILT


def test_a_tensor_outside_all_layers_counts():
    more = replace(_built(), tensors=(*_built().tensors, BuiltTensor("scale", (1,), True, "s")))
    found = compare_built(more, _built())
    assert (found.same, found.first, found.what) == (False, None, "the rebuilt model has no scale (1)")


def test_another_start_is_a_note_and_no_difference():
    found = compare_built(_built(), _with_tensor(1, _tensor(1, start="t")))
    assert (found.same, found.start) == (True, False)
    assert found.notes == ("with the same seed, model.1.conv.weight starts with other values",)


def test_a_layer_that_is_random_is_a_note():
    found = compare_built(_with_layer(1, steady=False), _built())
    assert found.notes[0].startswith("layer 1 returned other values when the model ran again in eval")


def _backbone(maps: int, first: int) -> tuple[BuiltLayer, ...]:
    """Return a backbone of two maps, rows that pass them on, and a layer behind, by the number of its first map."""
    outputs = (_values("m0"), _values("m1"))
    given = [(), outputs[:1], outputs[1:]]  # the first row stands for a map that there is none of
    rows = [_layer(index, "Map", sources=(0,), outputs=given[index - 1], parameters=0) for index in range(1, 4)]
    behind = _layer(4, place=1 + maps, sources=(3, 2), outputs=(_values("z"),))
    return (_layer(first, "Net", place=0, sources=(-1,), outputs=outputs), *rows[:maps], behind)


def test_maps_that_a_fork_counts_as_layers_are_rows_on_the_release():
    """The fork's backbone is layer 3, and the next one layer 4; rebuilt, rows between them pass on the maps."""
    fork = _built(layers=_backbone(0, 3), tensors=(_tensor(0), _tensor(1)))
    rebuilt = _built(layers=_backbone(3, 0), tensors=(_tensor(0), _tensor(4)))
    found = compare_built(fork, rebuilt)
    assert (found.same, found.tensors, [layer.kinds for layer in found.layers]) == (
        True,
        True,
        [("Net", "Net"), ("Conv", "Conv")],
    )
    assert found.notes == (
        "3 layers of the rebuilt model pass on a map each, so that its tensors have the numbers of other layers",
    )
    moved = _built(layers=_backbone(3, 0), tensors=(_tensor(0), _tensor(4, shape=(9,))))
    assert compare_built(fork, moved).first.index == 4
