"""Placements: the layers of a base model that a module replaces, and the layers after which it is inserted."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from yolopatch.catalog.kinds import BACKBONE, KINDS
from yolopatch.catalog.model.base_model import BaseModel
from yolopatch.catalog.module import Module
from yolopatch.catalog.modules import find_module
from yolopatch.catalog.names import fold, unknown
from yolopatch.core.model.layer_rules import described, fits, is_block, last_stage, listed, require_fit
from yolopatch.errors import UsageError

TUTORIAL = "tutorial"
ALL_BLOCKS = "all-blocks"
BEFORE_HEAD = "before-head"
BACKBONE_PLACE = KINDS[BACKBONE].placement
# For a model without the layers of a module's usual placement: the first of these that it has.
_FALLBACKS = ("backbone-down", "all-down", BEFORE_HEAD)
_EXAMPLE = 'layer numbers, e.g. --placement "1,3,5,7", or "+4" for a new layer after layer 4'


@dataclass(frozen=True)
class Placement:
    """Where a module goes: layer numbers of the base model, ascending.

    Attributes:
        name: a named placement, or `at-1-3-after-4` for other layers.
        layers: the replaced layers.
        after: the layers after which a new layer is inserted; layers that read them read the new layer.
    """

    name: str
    layers: tuple[int, ...] = ()
    after: tuple[int, ...] = ()

    def __bool__(self) -> bool:
        """Tell whether it has any layer."""
        return bool(self.layers or self.after)


def _is_down(model: BaseModel, index: int) -> bool:
    layer = model.layers[index]
    return layer.is_plain_conv and layer.stride == 2 and not model.reads_image(index)


def _is_head_pointwise(model: BaseModel, index: int) -> bool:
    layer = model.layers[index]
    return layer.is_plain_conv and layer.kernel == 1 and not model.in_backbone(index)


def _of_class(name: str) -> Callable[[BaseModel, int], bool]:
    return lambda model, index: model.layers[index].module == name


def _is_neck_join(model: BaseModel, index: int) -> bool:
    return model.layers[index].module == "Concat" and not model.in_backbone(index)


_REPLACING: dict[str, Callable[[BaseModel, int], bool]] = {
    "backbone-down": lambda model, i: _is_down(model, i) and model.in_backbone(i),
    "backbone-blocks": lambda model, i: is_block(model, i) and model.in_backbone(i),
    "neck-blocks": lambda model, i: is_block(model, i) and not model.in_backbone(i),
    ALL_BLOCKS: is_block,
    "all-down": _is_down,
    "head-1x1": _is_head_pointwise,
    "all-joins": _of_class("Concat"),
    "neck-joins": _is_neck_join,
    "all-upsamples": _of_class("nn.Upsample"),
    "sppf": _of_class("SPPF"),
    "c2psa": _of_class("C2PSA"),
    "head": lambda model, i: i == len(model.layers) - 1,
    BACKBONE_PLACE: lambda model, i: i <= last_stage(model),
}

_NAMED = (*_REPLACING, BEFORE_HEAD)
PLACEMENTS: tuple[str, ...] = (TUTORIAL, *_NAMED)


def _named(model: BaseModel, name: str) -> Placement:
    """Return a named placement in a model; it may have no layer."""
    if name == BEFORE_HEAD:
        return Placement(name, after=tuple(sorted(model.read_by_head())))
    return Placement(name, tuple(i for i in range(len(model.layers)) if _REPLACING[name](model, i)))


def default_placement(model: BaseModel, module: Module) -> str:
    """Return the module's usual placement; for a convolution, the first other one if the model has no such layers."""
    if module.stated or not module.stands_for_conv:
        return module.placement
    return next(name for name in (module.placement, *_FALLBACKS) if _named(model, name))


def choose(model: BaseModel, module: Module, flavor: str, asked: str | None = None, block: bool = False) -> Placement:
    """Return the placement that a request means, checked against model and module.

    Args:
        model: the base model.
        module: the module that replaces the layers.
        flavor: `paper` or `tutorial`; the bare class of `tutorial` supports fewer layers.
        asked: a named placement, or layer numbers (`1,3,5,7`; `+4` adds a layer after layer 4);
            None for the default.
        block: without `asked`, take every block; with it, require that its layers are blocks.

    Raises:
        UsageError: an unknown placement or layer, a placement without layers in this model, or a layer
            that the module cannot replace (with the reason, and the layers that fit).
    """
    wanted = asked if asked is not None else ALL_BLOCKS if block else default_placement(model, module)
    if module.stated and fold(wanted) == TUTORIAL:
        wanted = module.stated
    found = _numbered(model, wanted) if _has_numbers(wanted) else _by_name(model, module, flavor, wanted)
    require_fit(model, module, flavor, found.layers, found.after)
    if module.kind == BACKBONE and found.name != BACKBONE_PLACE:
        raise UsageError(
            f"{module.name} replaces the whole backbone, and the placement {wanted!r} names a part of it",
            hint=f"--placement {BACKBONE_PLACE}",
        )
    if block:
        _require_blocks(model, found)
    return found


def assign(modules: Sequence[Module], asked: Iterable[str]) -> dict[Module, str]:
    """Return which module each asked placement is for.

    Args:
        modules: the modules to place.
        asked: `MODULE:PLACEMENT`; for a single module, the placement alone is enough.

    Raises:
        UsageError: a placement does not name a module, names another module, or is the second for its module.
    """
    found: dict[Module, str] = {}
    for text in asked:
        name, colon, wanted = text.rpartition(":")
        if not colon and len(modules) > 1:
            raise UsageError(f"--placement {text}: for which module?", hint=f'--placement "{modules[0].name}:{text}"')
        module = find_module(name) if colon else modules[0]
        if module not in modules:
            raise UsageError(f"--placement {text}: {module.name} is not placed", hint=f"add --module {module.name}")
        if module in found:
            raise UsageError(
                f"--placement {text}: {module.name} already has the placement {found[module]}",
                hint=f'several layers are one placement: --placement "{module.name}:1,3"',
            )
        found[module] = wanted
    return found


def _has_numbers(asked: str) -> bool:
    # `1,x` is a list with a typing error, not an unknown name
    return any(part.strip().lstrip("+-").isdecimal() for part in asked.split(","))


def _numbered(model: BaseModel, asked: str) -> Placement:
    parts = [part.strip() for part in asked.split(",")]
    for part in parts:
        number = part.removeprefix("+")
        if not number.isdecimal() or int(number) >= len(model.layers):
            raise UsageError(
                f"placement {asked!r}: {model.stem()} has no layer {part or 'with an empty number'}",
                details=[f"expected: layer numbers from 0 to {len(model.layers) - 1}, separated by commas"],
                hint=_EXAMPLE,
            )
    layers = [int(part) for part in parts if not part.startswith("+")]
    after = [int(part) for part in parts if part.startswith("+")]
    _require_once(asked, layers, after)
    return _renamed(model, tuple(sorted(layers)), tuple(sorted(after)))


def _require_once(asked: str, layers: list[int], after: list[int]) -> None:
    once = [*(str(i) for i in sorted({*layers})), *(f"+{i}" for i in sorted({*after}))]
    if len(once) == len(layers) + len(after):
        return
    twice = sorted({i for i in layers if layers.count(i) > 1} | {i for i in after if after.count(i) > 1})
    raise UsageError(
        f"placement {asked!r} names layer {listed(twice)} more than once", hint=f'--placement "{",".join(once)}"'
    )


def _by_name(model: BaseModel, module: Module, flavor: str, asked: str) -> Placement:
    known = next((name for name in PLACEMENTS if fold(name) == fold(asked)), None)
    if known is None:
        raise unknown("placement", asked, PLACEMENTS, f"or {_EXAMPLE}")
    name = module.placement if known == TUTORIAL else known
    found = _named(model, name)
    if not found:
        meant = f"{known} ({name})" if known != name else name
        usable = [other for other in _NAMED if _is_usable(model, module, flavor, _named(model, other))]
        usual = default_placement(model, module)
        raise UsageError(
            f"placement {meant} selects no layer of {model.stem()}",
            details=[
                *_no_blocks(model, name),
                f"placements of {module.name} that {model.stem()} has: {', '.join(usable) or 'none'}",
            ],
            hint=f"--placement {usual if usual in usable else usable[0]}" if usable else "choose another --model",
        )
    return _renamed(model, found.layers, found.after)


def _is_usable(model: BaseModel, module: Module, flavor: str, found: Placement) -> bool:
    return bool(found) and fits(model, module, flavor, found.layers, found.after)


def _no_blocks(model: BaseModel, name: str) -> list[str]:
    """Return which blocks a placement of blocks means, for a model that has none of them."""
    if not name.endswith("-blocks"):
        return []
    return [f"expected: blocks of the class {model.block}, the only one that a module replaces in {model.pin.name}"]


def _renamed(model: BaseModel, layers: tuple[int, ...], after: tuple[int, ...]) -> Placement:
    # the same layers, written as numbers or as a name, give the same file; `all-blocks` comes before a placement
    # with the same layers
    for name in (ALL_BLOCKS, *_NAMED):
        named = _named(model, name)
        if (named.layers, named.after) == (layers, after):
            return named
    parts = [f"{word}-{listed(numbers, '-')}" for word, numbers in (("at", layers), ("after", after)) if numbers]
    return Placement("-".join(parts), layers, after)


def _require_blocks(model: BaseModel, found: Placement) -> None:
    blocks = _named(model, ALL_BLOCKS).layers
    others = [i for i in found.layers if i not in blocks]
    if not (others or found.after):
        return
    said = (
        f"the placement names layer {others[0]}, {described(model.layers[others[0]])}"
        if others
        else f"the placement adds a convolution after layer {found.after[0]}"
    )
    raise UsageError(
        f"--block replaces {model.block} blocks, and {said}",
        details=[f"{model.block} blocks of {model.stem()}: layers {listed(blocks)}"],
        hint=f"drop --block, or use --placement {ALL_BLOCKS}, backbone-blocks or neck-blocks",
    )
