"""What a model with a module must be, compared with its base model: each kind of fault is named."""

from __future__ import annotations

from dataclasses import replace

import pytest

from yolopatch.catalog.kinds import ATTENTION, BLOCK
from yolopatch.catalog.model.models import MODELS
from yolopatch.catalog.module import Module
from yolopatch.catalog.modules import MODULES
from yolopatch.core.model.cfg_text import Cfg
from yolopatch.core.model.layout import Replacement, lay_out_layers
from yolopatch.core.model.placement import choose
from yolopatch.core.port.proof import BEHIND, IN_BLOCKS, IN_LAYERS, Proof, judge, proof_places
from yolopatch.wire.facts import LayerRow, ModelFacts, Passes

MODEL, MODULE = MODELS["yolo11"], MODULES["DSConv"]
PASSES = Passes(((1, 84, 2100),), True, ("model.23.dfl.conv.weight",), (), True)


def _facts(layers, passes: Passes = PASSES) -> ModelFacts:
    names = [layer.name for layer in layers]
    rows = []
    for number, layer in enumerate(layers):
        sources = [names.index(name) if name in names else -1 for name in layer.sources]
        rows.append(LayerRow(number, sources[0] if len(sources) == 1 else sources, layer.module, 10 * number))
    return ModelFacts(1000, tuple(rows), passes=passes)


def _judged(change=lambda facts: facts, flavor="paper", placement="backbone-down"):
    cfg = Cfg(MODEL, "n", 80, (Replacement(MODULE, flavor, choose(MODEL, MODULE, flavor, placement)),))
    facts = _facts(lay_out_layers(MODEL, cfg.replacements))
    base = _facts(MODEL.layers)
    by_name = {layer.name: row.parameters for layer, row in zip(MODEL.layers, base.table)}
    rows = zip(lay_out_layers(MODEL, cfg.replacements), facts.table)
    facts = replace(facts, table=tuple(replace(row, parameters=by_name.get(x.name, 7)) for x, row in rows))
    passes = replace(PASSES, without_gradient=(f"model.{len(facts.table) - 1}.dfl.conv.weight",))
    return judge(Proof(MODULE.name, flavor, IN_LAYERS), cfg, base, change(replace(facts, passes=passes)))


def _row(number: int, **changes):
    return lambda facts: replace(
        facts, table=tuple(replace(row, **changes) if row.index == number else row for row in facts.table)
    )


def _ran(**changes):
    return lambda facts: replace(facts, passes=replace(facts.passes, **changes))


@pytest.mark.parametrize("placement", ["backbone-down", "all-blocks", "before-head", "+4"])
def test_a_model_as_it_must_be_passes(placement):
    found = _judged(placement=placement)
    assert (found.failure, found.parameters) == ("", 1000)
    assert found.layers > 0


@pytest.mark.parametrize(
    ("change", "failure"),
    [
        (_row(1, kind="Conv"), "layer 1 is a Conv, not a DSConv2D"),
        (_row(2, parameters=3), "layer 2 is not the base's: a C3k2 of 3 parameters"),
        (_row(23, source=[1, 2]), "the head is not the base's"),
        (lambda facts: replace(facts, table=facts.table[:-1]), "layer 23 is missing"),
        (lambda facts: replace(facts, table=(*facts.table, LayerRow(99, -1, "Conv", 1))), "not nothing"),
        (_ran(shapes=((1, 84, 10),)), "the outputs have the shapes [[1, 84, 10]], not [[1, 84, 2100]]"),
        (_ran(without_gradient=()), "model.23.dfl.conv.weight gets no gradient"),
        (_ran(finite=False), "the outputs or gradients are not finite"),
        (_ran(gradients_finite=False), "the outputs or gradients are not finite"),
    ],
)
def test_each_fault_is_named(change, failure):
    assert failure in _judged(change).failure


def test_what_a_posts_code_computes_need_not_be_finite():
    assert _judged(_ran(finite=False), flavor="tutorial").failure == ""


def _module(kind: str, strides: tuple[int, ...] = ()) -> Module:
    return replace(MODULE, kind=kind, strides=strides)


def test_a_proof_builds_a_module_where_it_can_be():
    assert proof_places(_module(ATTENTION)) == (BEHIND,)
    assert proof_places(_module(BLOCK)) == proof_places(_module(MODULE.kind, (1,))) == (IN_BLOCKS,)
    assert proof_places(_module(MODULE.kind, (2,))) == (IN_LAYERS,)
    assert proof_places(MODULE) == (IN_LAYERS, IN_BLOCKS)
