"""Which layers a module can replace: rules of kernels, channels and padding, and the error for other layers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from yolopatch.catalog.kinds import ATTENTION, BACKBONE, BLOCK, BLOCK_STEMS, DOWN, HEAD
from yolopatch.catalog.model.base_model import BaseModel
from yolopatch.catalog.model.layers import Layer
from yolopatch.catalog.module import TUTORIAL_FLAVOR, Module
from yolopatch.catalog.modules import module_of_class
from yolopatch.catalog.pins import PINS
from yolopatch.errors import UsageError

# The kernel of the bottlenecks in every family's block, and of a new layer: it keeps the size of the map.
BLOCK_KERNEL = INSERTED_KERNEL = 3
_IMAGE_CHANNELS = 3
# what upstream has behind the last stage of a backbone: pooling and attention
_END = ("SPP", "SPPF", "SPPELAN", "PSA", "C2PSA", "C2fPSA", "AIFI")
_NO_LAYER_FITS = "no layer of this model fits: choose another module of `yolopatch list`, or another model"
_SEVERAL_MAPS = ("CBLinear",)  # what upstream has of layers with more than one output


def is_block(model: BaseModel, index: int) -> bool:
    """Tell whether this layer is one of the model's repeated blocks."""
    return model.layers[index].module == model.block


def last_stage(model: BaseModel) -> int:
    """Return the number of the backbone's last layer before those at its end that have a place of their own.

    Of a class that upstream does not have, a single layer at the end is taken for such a one, too.
    """
    classes = [layer.module for layer in model.backbone]
    last = len(classes) - 1
    while last and _is_at_end(model.backbone[last], classes.count(classes[last])):
        last -= 1
    return last or len(classes) - 1


def _is_at_end(layer: Layer, count: int) -> bool:
    return layer.module in _END or (count == 1 and not layer.sets_channels)


def require_fit(model: BaseModel, module: Module, flavor: str, layers: Iterable[int], after: Iterable[int]) -> None:
    """Refuse a layer that the module cannot replace or follow.

    Args:
        model: the base model.
        module: the module.
        flavor: `paper` or `tutorial`; the bare class of `tutorial` supports fewer layers.
        layers: the numbers of the layers to replace.
        after: the numbers of the layers after which a new layer is inserted.

    Raises:
        UsageError: with the layer, the rule, and the layers that fit.
    """
    for index in layers:
        rule = _misfit(model, index, module, flavor)
        if rule:
            fits = [i for i in range(len(model.layers)) if not _misfit(model, i, module, flavor)]
            raise _refusal(model, index, f"cannot be replaced by {module.name} (flavor {flavor}): {rule}", fits)
    for index in after:
        rule = _misfit_after(model, index, module)
        if rule:
            fits = [i for i in range(len(model.layers)) if not _misfit_after(model, i, module)]
            raise _refusal(model, index, f"cannot be followed by {module.name}: {rule}", fits)


def fits(model: BaseModel, module: Module, flavor: str, layers: Iterable[int], after: Iterable[int]) -> bool:
    """Tell whether the module can replace and follow all of these layers; arguments as in `require_fit`."""
    return not any(_misfit(model, i, module, flavor) for i in layers) and not any(
        _misfit_after(model, i, module) for i in after
    )


def _misfit(model: BaseModel, index: int, module: Module, flavor: str) -> str:
    """Return why the module cannot replace a layer, or "" if it can."""
    layer = model.layers[index]
    if module.kind == HEAD:
        return _head_rule(model, index, module)
    if module.kind == BACKBONE:
        return "" if index <= last_stage(model) else f"{module.name} replaces layers 0 to {last_stage(model)}"
    if index == len(model.layers) - 1:
        return f"the {_head(model)} is the model's output and is replaced only by a head"
    if module.kind == ATTENTION:
        return f'{module.name} is an attention module: it goes after a layer, as in "+{index}"'
    if module.kind == BLOCK:
        return "" if is_block(model, index) else _only(model, module)
    if not module.stands_for_conv and module.kind != DOWN:
        return "" if layer.module == module.role.layer else _only(model, module)
    if is_block(model, index) and module.stands_for_conv:
        return next(_inner_rules(module, BLOCK_KERNEL, f"which the bottlenecks of {model.block} have"), "")
    if layer.module in BLOCK_STEMS and module.stands_for_conv:
        return _other_block(model, layer.module, module)
    if layer.module != "Conv":
        others = f" or a {model.block}" if module.stands_for_conv else ""
        return f"only a Conv{others} can be replaced"
    if not layer.is_plain_conv:
        return f"the layer's arguments {listed(layer.args)} are not plain numbers of channels, kernel and stride"
    return next(_conv_rules(model, index, module, flavor), "")


def _other_block(model: BaseModel, block: str, module: Module) -> str:
    """Return why a block of another class than the pin's own cannot be replaced."""
    pins = [pin.name for pin in PINS.values() if pin.block == block and pin.home is None]
    return (
        f"in {model.pin.name}, {module.name} has a block for {model.block} and none for {block};"
        f" {module.suffixed(block)} is in {' and '.join(pins)}"
    )


def _head_rule(model: BaseModel, index: int, module: Module) -> str:
    if index != len(model.layers) - 1:
        return f"{module.name} is a head, and can replace only the last layer"
    found = model.layers[index].module
    # a later release numbers its heads: Segment26
    return (
        "" if found.rstrip("0123456789") == module.stem else f"{module.name} stands for {module.stem}, not for {found}"
    )


def _conv_rules(model: BaseModel, index: int, module: Module, flavor: str) -> Iterator[str]:
    layer = model.layers[index]
    yield from _kernel_rule(module, layer.kernel, "the layer's")
    yield from _stride_rule(module, layer.stride, "the layer's")
    if module.pads_itself and layer.sets_padding:
        yield f"{module.name} has a padding of half its kernel, and the layer sets {layer.args[3]}"
    if module.least_inputs > _IMAGE_CHANNELS and model.reads_image(index):
        yield f"the image has {_IMAGE_CHANNELS} channels, and {module.name} needs {module.least_inputs} or more"
    yield from _spread_rules(model, layer, module, flavor)
    if flavor == TUTORIAL_FLAVOR and layer.sets_padding:
        yield f"{module.bare} of the flavor tutorial cannot have the layer's own padding, {layer.args[3]}"


def _spread_rules(model: BaseModel, layer: Layer, module: Module, flavor: str) -> Iterator[str]:
    """Yield why the groups and the dilation of a Conv do not fit; only files that people bring have any."""
    for name, word, found in (("g", "groups", layer.groups), ("d", "dilation", layer.dilation(model.style))):
        if found == "1":
            continue
        if module.demands(f"{name} == 1"):
            yield f"{module.name} takes {word} 1, and the layer has {found}"
        if flavor == TUTORIAL_FLAVOR:
            yield f"{module.bare} of the flavor tutorial cannot have the layer's own {word}, {found}"


def _inner_rules(module: Module, kernel: int, of_what: str) -> Iterator[str]:
    """Yield why a module cannot replace a convolution that keeps the size of the map."""
    yield from _kernel_rule(module, kernel, of_what)
    if module.stands_for_conv:
        yield from _stride_rule(module, 1, of_what)


def _stride_rule(module: Module, stride: int, of_what: str) -> Iterator[str]:
    if not module.takes_stride(stride):
        yield f"{module.name} supports stride {listed(module.strides)}, not {stride}, {of_what}"


def _kernel_rule(module: Module, kernel: int, of_what: str) -> Iterator[str]:
    if not module.takes_kernel(kernel):
        takes = ", ".join(f"{k}×{k}" for k in module.kernels)
        yield f"{module.name} supports a kernel of {takes}, not {kernel}×{kernel}, {of_what}"


def _misfit_after(model: BaseModel, index: int, module: Module) -> str:
    """Return why a new layer of the module cannot follow a layer, or "" if it can."""
    layer = model.layers[index]
    if index == len(model.layers) - 1:
        return f"the {_head(model)} is the model's output"
    if layer.module in _SEVERAL_MAPS:
        return f"{layer.module} gives several maps"
    if module.kind == ATTENTION:
        return ""
    if not module.role.inserted:
        return _only(model, module)
    if not (layer.sets_channels or module_of_class(layer.module)):
        return _no_channels(layer)
    return next(_inner_rules(module, INSERTED_KERNEL, "which a new layer has"), "")


def _only(model: BaseModel, module: Module) -> str:
    if module.kind == BLOCK:
        return f"{module.name} can replace only a {model.block}"
    if module.role.layer:
        return f"{module.name} can replace only layers of the class {module.role.layer}"
    return f"{module.name} stands for {module.role.replaces}"


def _no_channels(layer: Layer) -> str:
    """Return why it is not known how many channels a new layer behind this one has to keep."""
    if layer.module == "Concat" or layer.module.startswith("nn."):
        return f"{layer.module} does not set its number of channels"
    return f"how many channels {layer.module} gives is not its first argument, or not known"


def _head(model: BaseModel) -> str:
    return "classification head" if model.task == "classify" else "detection head"


def _refusal(model: BaseModel, index: int, why: str, fits: list[int]) -> UsageError:
    return UsageError(
        f"layer {index} of {model.stem()} {why}",
        details=[f"found: layer {index} is {described(model.layers[index])}"],
        hint=f"layers of {model.stem()} that fit: {listed(fits)}" if fits else _NO_LAYER_FITS,
    )


def described(layer: Layer) -> str:
    """Return a description of a layer."""
    if not layer.is_plain_conv:
        return layer.module
    return f"Conv of kernel {layer.kernel}×{layer.kernel}, stride {layer.stride}"


def listed(numbers: Iterable[object], mark: str = ", ") -> str:
    """Return numbers, or other values, as text, with `mark` between them."""
    return mark.join(map(str, numbers))
