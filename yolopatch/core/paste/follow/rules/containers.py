"""Sequential and the lists of layers."""

from __future__ import annotations

from typing import Any

from yolopatch.core.paste.follow.errors import Fails, Open
from yolopatch.core.paste.follow.rules.registry import Run, layer
from yolopatch.core.paste.follow.rules.sizes import shown
from yolopatch.core.paste.follow.values import Layer, Unknown

LISTS = ("Sequential", "ModuleList", "ParameterList")
DICTS = ("ModuleDict", "ParameterDict")


@layer("Sequential")
def sequential(run: Run, *layers: Any) -> Layer:
    """Follow nn.Sequential."""
    found = Layer("Sequential", None)
    if len(layers) == 1 and isinstance(layers[0], dict):
        found.children.update(layers[0])
    else:
        extend(found, layers)

    def call(run: Run, x: Any, *rest: Any) -> Any:
        for one in found.children.values():
            x = run.call(one, x)
        return x

    found.call = call
    return found


@layer("ModuleList", "ParameterList")
def module_list(run: Run, modules: Any = None) -> Layer:
    """Follow nn.ModuleList."""
    found = Layer("ModuleList", None)
    if isinstance(modules, Unknown):
        raise Open(modules.what, modules.line)
    extend(found, elements(modules) if modules is not None else ())
    return found


@layer("ModuleDict", "ParameterDict")
def module_dict(run: Run, modules: Any = None) -> Layer:
    """Follow nn.ModuleDict."""
    found = Layer("ModuleDict", None)
    if isinstance(modules, dict):
        found.children.update(modules)
    elif modules is not None:
        raise Open("the layers of nn.ModuleDict")
    return found


def elements(value: Any) -> list[Any]:
    """Return the elements of a list, a Sequential or a ModuleList."""
    if isinstance(value, (list, tuple)):
        return list(value)
    if isinstance(value, Layer) and value.name in LISTS:
        return list(value.children.values())
    raise Open(f"the elements of {shown(value)}")


def extend(found: Layer, layers: Any) -> Layer:
    """Add layers at the end; return the list, as torch does."""
    for one in layers:
        found.children[str(len(found.children))] = one
    return found


def part(found: Layer, index: Any) -> Any:
    """Return an element of a list of layers, or the layers of a slice.

    Raises:
        Fails: there is no such element.
    """
    layers = list(found.children.values())
    if isinstance(index, str):
        if index not in found.children:
            raise Fails(f"no layer {index!r} in {found.name}", "KeyError")
        return found.children[index]
    if isinstance(index, slice):
        return layers[index]
    if not isinstance(index, int) or isinstance(index, bool):
        raise Open(f"the index {shown(index)}")
    if not -len(layers) <= index < len(layers):
        raise Fails(f"the index {index} in a list of {len(layers)} layers", "IndexError")
    return layers[index]
