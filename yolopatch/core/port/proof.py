"""Check a model that was built with a module against the facts of its base model."""

from __future__ import annotations

from dataclasses import dataclass, replace

from yolopatch.catalog.kinds import ATTENTION, BLOCK, LOSS
from yolopatch.catalog.model.layers import Layer
from yolopatch.catalog.module import Module
from yolopatch.core.model.cfg_text import Cfg
from yolopatch.core.model.layout import lay_out_layers
from yolopatch.wire.facts import LayerRow, ModelFacts, Passes

# Where a proof puts a module: in its own layers, in the family's blocks, after the layers that the head reads.
IN_LAYERS, IN_BLOCKS, BEHIND = PROOF_PLACES = ("layer", "block", "behind")


@dataclass(frozen=True)
class Proof:
    """A model that was built with a module.

    Attributes:
        place: one of PROOF_PLACES.
        layers: the number of layers that belong to the module.
        parameters: of the model; 0 if it was not built.
        failure: what is wrong; "" if nothing is.
    """

    module: str
    flavor: str
    place: str
    layers: int = 0
    parameters: int = 0
    failure: str = ""


def proof_places(module: Module) -> tuple[str, ...]:
    """Return the placements in which a proof builds the module; none of a loss, which is in no model."""
    if module.kind == LOSS:
        return ()
    if module.kind == ATTENTION:
        return (BEHIND,)
    if module.kind == BLOCK or (module.stands_for_conv and module.strides == (1,)):
        return (IN_BLOCKS,)  # its own layers are the blocks
    if not module.stands_for_conv:
        return (IN_LAYERS,)
    return (IN_LAYERS, IN_BLOCKS) if module.takes_stride(1) else (IN_LAYERS,)


def judge(proof: Proof, cfg: Cfg, base: ModelFacts, answer: ModelFacts) -> Proof:
    """Return the proof, completed with the facts about its model.

    Args:
        proof: of a model that was built.
        cfg: the model's YAML.
        base, answer: the facts about the base model and about this model, each with `passes`.
    """
    layers = lay_out_layers(cfg.model, cfg.replacements)
    aligned = _Alignment(cfg.model.layers, layers, all(one.module.keeps_widths for one in cfg.replacements))
    assert base.passes is not None
    assert answer.passes is not None
    failure = _wrong_layer(aligned, base, answer) or _wrong_run(proof, aligned, base.passes, answer.passes)
    return replace(proof, layers=len(aligned.modules), parameters=answer.parameters, failure=failure)


class _Alignment:
    """The layers of the base model in another model, and the layers there that belong to a module."""

    def __init__(self, plain: tuple[Layer, ...], layers: tuple[Layer, ...], same_widths: bool) -> None:
        """Align the layers by their names; `same_widths` if the base's layers keep their channels."""
        self.same_widths = same_widths
        self.other_head = plain[-1].module != layers[-1].module
        base = {layer.name: layer for layer in plain}
        number = {layer.name: n for n, layer in enumerate(layers)}
        self.modules = {
            n: layer.module
            for n, layer in enumerate(layers)
            if layer.name not in base or base[layer.name].module != layer.module
        }
        self._moved = [number.get(layer.name) for layer in plain]  # None for a layer that a backbone takes away
        # a layer inserted after another one is read instead of it
        self._read = [
            n if n is None else n + (n + 1 < len(layers) and layers[n + 1].name not in base) for n in self._moved
        ]

    def keeps(self, index: int) -> bool:
        """Tell whether the model still has a layer of the base as it is."""
        return self._moved[index] is not None and self._moved[index] not in self.modules

    def has(self, name: str) -> bool:
        """Tell whether the model still has the layer of the base's tensor `model.N...`."""
        return self._moved[layer_of(name)] is not None

    def row(self, base: LayerRow) -> LayerRow:
        """Return the row that the base's row must be in this model."""
        source = base.source
        moved = [
            self._place(self._read, s) if s >= 0 else s for s in (source if isinstance(source, list) else [source])
        ]
        number = self._place(self._moved, base.index)
        return replace(base, index=number, source=moved if isinstance(source, list) else moved[0])

    @staticmethod
    def _place(numbers: list[int | None], index: int) -> int:
        found = numbers[index]
        assert found is not None
        return found

    def tensor(self, name: str) -> str:
        """Return the name in this model of the base's tensor `model.N...`."""
        model, number, rest = name.split(".", 2)
        return f"{model}.{self._place(self._moved, int(number))}.{rest}"


def _wrong_layer(aligned: _Alignment, base: ModelFacts, answer: ModelFacts) -> str:
    """Return the first layer that is neither the module's nor the base's layer as it should be; "" if none."""
    plain = {row.index: row for row in (aligned.row(one) for one in base.table if aligned.keeps(one.index))}
    for row in answer.table:
        number = row.index
        if number in plain and not aligned.same_widths:
            row = replace(row, parameters=plain[number].parameters)
        if number in aligned.modules:
            if row.kind != aligned.modules[number]:
                return f"layer {number} is a {row.kind}, not a {aligned.modules[number]}"
        elif row != plain.get(number):
            what = "the head" if row is answer.table[-1] else f"layer {number}"
            return f"{what} is not the base's: {_described(row)}, not {_described(plain.get(number))}"
    missing = sorted({*plain, *aligned.modules} - {row.index for row in answer.table})
    return f"layer {missing[0]} is missing" if missing else ""


def layer_of(name: str) -> int:
    """Return the number of the layer of a tensor `model.N...`."""
    return int(name.split(".", 2)[1])


def _comparable(aligned: _Alignment, ran: Passes) -> list[list[int]]:
    """Return the shapes of the outputs; another head may hand out maps of other channels beside its boxes."""
    shapes = [list(shape) for shape in ran.shapes]
    if not aligned.other_head:
        return shapes
    return [[*shape[:1], *shape[2:]] if len(shape) == 4 else shape for shape in shapes]


def _described(row: LayerRow | None) -> str:
    return f"a {row.kind} of {row.parameters:,} parameters from {row.source}" if row else "nothing"


def _wrong_run(proof: Proof, aligned: _Alignment, base_ran: Passes, ran: Passes) -> str:
    """Return what is wrong with the outputs and gradients of a model; "" if nothing is."""
    if _comparable(aligned, ran) != _comparable(aligned, base_ran):
        shapes, base_shapes = (list(map(list, one.shapes)) for one in (ran, base_ran))
        return f"the outputs have the shapes {shapes}, not {base_shapes}"
    usual = {aligned.tensor(name): name for name in base_ran.without_gradient if aligned.has(name)}
    # a module's own layer need not have the base's tensors
    missed = {
        name for name, base in usual.items() if aligned.keeps(layer_of(base)) and name not in ran.without_gradient
    }
    strays = ({*ran.without_gradient} - usual.keys()) | missed
    if strays:
        return f"{min(strays)} gets no gradient"
    if proof.flavor == "paper" and not (ran.finite and ran.gradients_finite):
        return "the outputs or gradients are not finite"  # a post's own code may do so
    return ""
