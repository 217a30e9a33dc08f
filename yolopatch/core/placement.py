"""Placements: which layers of a base model a module replaces, and what stands there instead. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from yolopatch.catalog.models import BaseModel, Layer
from yolopatch.catalog.modules import Module
from yolopatch.catalog.names import fold, unknown
from yolopatch.errors import UsageError

TUTORIAL = "tutorial"
ALL_BLOCKS = "all-blocks"
_FALLBACK = "backbone-down"


@dataclass(frozen=True)
class Placement:
    """The layers to replace.

    Attributes:
        name: a named placement, or `at-1-3` for layers that no named one has.
        layers: their numbers, ascending.
    """

    name: str
    layers: tuple[int, ...]


def _is_block(model: BaseModel, index: int) -> bool:
    return model.layers[index].module == model.block


def _is_down(model: BaseModel, index: int) -> bool:
    layer = model.layers[index]
    return layer.module == "Conv" and layer.stride == 2 and model.in_backbone(index) and index > 0


def _is_head_pointwise(model: BaseModel, index: int) -> bool:
    layer = model.layers[index]
    return layer.module == "Conv" and layer.kernel == 1 and not model.in_backbone(index)


_NAMED: dict[str, Callable[[BaseModel, int], bool]] = {
    "backbone-down": _is_down,
    "backbone-blocks": lambda model, i: _is_block(model, i) and model.in_backbone(i),
    "neck-blocks": lambda model, i: _is_block(model, i) and not model.in_backbone(i),
    ALL_BLOCKS: _is_block,
    "head-1x1": _is_head_pointwise,
}

PLACEMENTS: tuple[str, ...] = (TUTORIAL, *_NAMED)


def _selected(model: BaseModel, name: str) -> tuple[int, ...]:
    return tuple(i for i in range(len(model.layers)) if _NAMED[name](model, i))


def default_placement(model: BaseModel, module: Module) -> str:
    """Return the module's tutorial placement where the model has such layers, else `backbone-down`."""
    printed = module.tutorial.placement
    return printed if _selected(model, printed) else _FALLBACK


def choose(model: BaseModel, module: Module, flavor: str, asked: str | None = None, block: bool = False) -> Placement:
    """Return the placement that a request means, checked against model and module.

    Args:
        model: the base model.
        module: what will stand in the layers' place.
        flavor: `paper` or `tutorial`; the bare class of the latter can say less.
        asked: a named placement or layer numbers (`1,3,5,7`); None for the default.
        block: take every block if nothing is asked; if something is, insist that it is blocks.

    Raises:
        UsageError: no such placement or layer, no layer of it in this model, or one that cannot
            take the module (which rule, and which layers would fit).
    """
    wanted = asked if asked is not None else ALL_BLOCKS if block else default_placement(model, module)
    layers = _numbers(model, wanted) if _has_numbers(wanted) else _by_name(model, module, wanted)
    for index in layers:
        _require_fit(model, index, module, flavor)
    if block:
        _require_blocks(model, layers)
    return Placement(_name_of(model, layers), layers)


def place(model: BaseModel, module: Module, flavor: str, placement: Placement) -> tuple[Layer, ...]:
    """Return the model's layers with the module in the place of those that the placement names."""
    return tuple(
        _stand_in(layer, module, flavor) if index in placement.layers else layer
        for index, layer in enumerate(model.layers)
    )


def stands_bare(model: BaseModel, flavor: str, placement: Placement) -> bool:
    """Tell whether a Conv is replaced by the bare class, which has no BatchNorm and activation after it."""
    return flavor == TUTORIAL and not all(_is_block(model, index) for index in placement.layers)


def _stand_in(layer: Layer, module: Module, flavor: str) -> Layer:
    if layer.module != "Conv" or flavor != TUTORIAL:
        return replace(layer, module=module.suffixed(layer.module))
    tail = module.bare_tail(layer.kernel, layer.stride).split(", ")
    return replace(layer, module=module.bare, args=(layer.args[0], *tail))


def _has_numbers(asked: str) -> bool:
    # `1,x` is a list with a slip in it, not an unknown name
    return any(part.strip().lstrip("+-").isdecimal() for part in asked.split(","))


def _numbers(model: BaseModel, asked: str) -> tuple[int, ...]:
    parts = [part.strip() for part in asked.split(",")]
    for part in parts:
        if not part.isdecimal() or int(part) >= len(model.layers):
            raise UsageError(
                f"placement {asked!r}: {model.name} has no layer {part or 'with an empty number'}",
                details=[f"expected: layer numbers from 0 to {len(model.layers) - 1}, commas between"],
                hint='e.g. --placement "1,3,5,7"',
            )
    layers = [int(part) for part in parts]
    twice = sorted({index for index in layers if layers.count(index) > 1})
    if twice:
        raise UsageError(
            f"placement {asked!r} names layer {_listed(twice)} more than once",
            hint=f'--placement "{_listed(sorted(set(layers)), ",")}"',
        )
    return tuple(sorted(layers))


def _by_name(model: BaseModel, module: Module, asked: str) -> tuple[int, ...]:
    known = next((name for name in PLACEMENTS if fold(name) == fold(asked)), None)
    if known is None:
        raise unknown("placement", asked, PLACEMENTS, 'or layer numbers, e.g. --placement "1,3,5,7"')
    name = module.tutorial.placement if known == TUTORIAL else known
    layers = _selected(model, name)
    if not layers:
        meant = f"{known} ({name})" if known != name else name
        usable = [other for other in _NAMED if _selected(model, other)]
        raise UsageError(
            f"placement {meant} selects no layer of {model.name}",
            details=[f"placements that {model.name} has: {', '.join(usable)}"],
            hint=f"--placement {default_placement(model, module)}",
        )
    return layers


def _name_of(model: BaseModel, layers: tuple[int, ...]) -> str:
    # layers decide, not spelling: the same ones written as numbers give the same file
    named = (name for name in _NAMED if _selected(model, name) == layers)
    return next(named, f"at-{_listed(layers, '-')}")


def _misfit(model: BaseModel, index: int, module: Module, flavor: str) -> str:
    """Return the rule by which a layer cannot take the module, or "" if it can."""
    layer = model.layers[index]
    if index == len(model.layers) - 1:
        return "the detection head gives the model's output and is never replaced"
    if _is_block(model, index):
        return ""
    if layer.module != "Conv":
        return f"only a Conv or a {model.block} can be replaced"
    if not module.takes_kernel(layer.kernel):
        takes = ", ".join(f"{k}×{k}" for k in module.kernels)
        return f"{module.name} takes a kernel of {takes}"
    if flavor == TUTORIAL and layer.sets_padding:
        return f"the tutorial's bare {module.bare} cannot carry the layer's own padding, {layer.args[3]}"
    return ""


def _require_fit(model: BaseModel, index: int, module: Module, flavor: str) -> None:
    rule = _misfit(model, index, module, flavor)
    if rule:
        fits = [i for i in range(len(model.layers)) if not _misfit(model, i, module, flavor)]
        raise UsageError(
            f"layer {index} of {model.name} cannot take {module.name} (flavor {flavor}): {rule}",
            details=[f"found: layer {index} is {_described(model.layers[index])}"],
            hint=f"layers of {model.name} that fit: {_listed(fits)}",
        )


def _require_blocks(model: BaseModel, layers: tuple[int, ...]) -> None:
    for index in layers:
        if not _is_block(model, index):
            blocks = _selected(model, ALL_BLOCKS)
            raise UsageError(
                f"--block replaces {model.block} blocks, and the placement names layer {index},"
                f" a {_described(model.layers[index])}",
                details=[f"{model.block} blocks of {model.name}: layers {_listed(blocks)}"],
                hint=f"drop --block, or use --placement {ALL_BLOCKS}, backbone-blocks or neck-blocks",
            )


def _described(layer: Layer) -> str:
    if layer.module != "Conv":
        return layer.module
    return f"Conv of kernel {layer.kernel}×{layer.kernel}, stride {layer.stride}"


def _listed(numbers: list[int] | tuple[int, ...], between: str = ", ") -> str:
    return between.join(map(str, numbers))
