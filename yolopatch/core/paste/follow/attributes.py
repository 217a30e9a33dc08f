"""Attributes and elements of what the code works with."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from yolopatch.core.paste.follow import methods, uses
from yolopatch.core.paste.follow.errors import Fails, Open, Ungiven, Unset
from yolopatch.core.paste.follow.rules import arrays, containers
from yolopatch.core.paste.follow.rules.in_place import changing, require_part_fits
from yolopatch.core.paste.follow.rules.indexing import indexed
from yolopatch.core.paste.follow.rules.registry import FUNCTIONS, METHODS
from yolopatch.core.paste.follow.rules.reshaping import turned
from yolopatch.core.paste.follow.rules.sizes import shown
from yolopatch.core.paste.follow.signature import defaults
from yolopatch.core.paste.follow.values import (
    Builtin,
    Environment,
    Function,
    Instance,
    Keywords,
    Layer,
    Library,
    Pair,
    PastedClass,
    Scope,
    Size,
    Super,
    Table,
    Tensor,
    Unknown,
)

if TYPE_CHECKING:
    from yolopatch.core.paste.follow.machine import Machine

_SAME = ("data", "grad", "real", "imag")
_ABSENT = object()


def attribute(machine: Machine, value: Any, name: str) -> Any:
    """Return `value.name`."""
    if isinstance(value, Unknown):
        return value
    if isinstance(value, Tensor):
        return _of_tensor(machine, value, name)
    if name == "__getattr__" and isinstance(value, (Instance, Layer)) and not _has_own(machine, value, name):
        return Builtin("getattr", attribute, (machine, value))
    if isinstance(value, Instance):
        return _of_instance(machine, value, name)
    if isinstance(value, Layer):
        return _of_layer(machine, value, name)
    if isinstance(value, Library):
        return machine.of_library(Library(f"{value.name}.{name}"))
    if isinstance(value, Super):
        return _of_super(machine, value, name)
    if isinstance(value, PastedClass):
        found = _in_classes(machine, [value.name, *machine.paste.bases(value.name)], name, None)
        return machine.unknown(f"{value.name}.{name}") if found is _ABSENT else found
    if isinstance(value, Pair) and name in value.names:
        return value[value.names.index(name)]
    if isinstance(value, (list, dict, str, tuple, set)):
        return methods.of_python(machine, value, name)
    if isinstance(value, Builtin) and value.name == "dict":
        return methods.of_dicts(machine, name)
    if value is None:
        raise Fails(f"None has no {name}", "AttributeError")
    return machine.unknown(f"{shown(value)}.{name}")


def _has_own(machine: Machine, value: Instance | Layer, name: str) -> bool:
    """Tell whether a class of the file defines this method itself."""
    return isinstance(value, Instance) and machine.paste.method(value.owner, name) is not None


def _of_tensor(machine: Machine, value: Tensor, name: str) -> Any:
    if arrays.is_array(value):
        return arrays.attribute(machine, value, name)
    if name == "shape":
        return Size(value.shape)
    if name == "ndim":
        return len(value.shape)
    if name == "dtype":
        return Library(value.kind)
    if name == "device":
        return Library("torch.device")
    if name == "is_cuda":
        return False
    if name in _SAME:
        return value
    if name in ("T", "mT", "H"):
        return turned(machine, value)
    rule = METHODS.get(name) or FUNCTIONS.get(name) or changing(name)
    return Builtin(name, rule, (machine, value)) if rule else machine.unknown(f"a tensor's {name}")


def _of_instance(machine: Machine, value: Instance, name: str) -> Any:
    if name in value.attributes:
        return value.attributes[name]
    if name == "training":
        return machine.training
    found = _in_classes(machine, [value.owner, *machine.paste.bases(value.owner)], name, value)
    if found is not _ABSENT:
        return found
    if value.base is not None:
        return _of_layer(machine, value.base, name)
    known = methods.of_module(machine, value, name)
    return known if known is not None else machine.unknown(f"self.{name}")


def _in_classes(machine: Machine, owners: list[str], name: str, instance: Instance | None) -> Any:
    """Return an attribute that a class of the file has: a method, or what its body assigns."""
    for owner in owners:
        node = machine.paste.classes.get(owner)
        for part in node.body if node else ():
            if isinstance(part, ast.FunctionDef) and part.name == name:
                return _method(machine, part, owner, instance)
            if isinstance(part, ast.Assign) and any(isinstance(t, ast.Name) and t.id == name for t in part.targets):
                return machine.of_class(owner, name, part.value)
            if isinstance(part, ast.AnnAssign) and ast.unparse(part.target) == name and part.value:
                return machine.of_class(owner, name, part.value)
    return _ABSENT


def _method(machine: Machine, node: ast.FunctionDef, owner: str, instance: Instance | None) -> Any:
    scope = Scope(owner=owner)
    marks = {ast.unparse(one).rpartition(".")[2].partition("(")[0] for one in node.decorator_list}
    if "staticmethod" in marks:
        return Function(node, scope, defaults(machine, node, scope), owner)
    bound: tuple[Any, ...] = (PastedClass(owner),) if "classmethod" in marks else (instance,) if instance else ()
    function = Function(node, scope, defaults(machine, node, scope), owner, bound)
    return machine.call(function) if "property" in marks and instance else function


def _of_layer(machine: Machine, value: Layer, name: str) -> Any:
    if name in value.attributes:
        return value.attributes[name]
    if name in value.children:
        return value.children[name]
    if name == "training":
        return machine.training
    known = methods.of_container(machine, value, name) if value.name in (*containers.LISTS, *containers.DICTS) else None
    known = known if known is not None else methods.of_module(machine, value, name)
    return known if known is not None else machine.unknown(f"{value.name}.{name}")


def _of_super(machine: Machine, value: Super, name: str) -> Any:
    instance = value.instance
    if not isinstance(instance, Instance):
        return machine.unknown(f"super().{name}")
    owners = [instance.owner, *machine.paste.bases(instance.owner)]
    after = owners[owners.index(value.owner) + 1 :] if value.owner in owners else []
    found = _in_classes(machine, [one for one in after if one != value.owner], name, instance)
    if found is not _ABSENT:
        return found
    if name == "__init__":
        outside = next((one for one in after if one not in machine.paste.classes), "")
        return Builtin("__init__", methods.base_constructor, (machine, instance, outside))
    if instance.base is not None:
        return _of_layer(machine, instance.base, name)
    known = methods.of_module(machine, instance, name)
    return known if known is not None else machine.unknown(f"super().{name}")


def set_attribute(machine: Machine, value: Any, name: str, given: Any) -> None:
    """Follow `value.name = given`."""
    if isinstance(value, (Instance, Layer)):
        value.attributes[name] = given
        if isinstance(value, Instance) and value.base is not None and name in value.base.attributes:
            value.base.attributes[name] = given  # what the base class's forward reads: self.m = ModuleList(…) of a C2f
    elif isinstance(value, Tensor) and isinstance(given, Tensor) and name == "data":
        value.shape, value.values = given.shape, None
    elif not isinstance(value, (Tensor, Unknown, Library, PastedClass)):
        raise Open(f"an attribute of {shown(value)}")


def part(machine: Machine, value: Any, index: Any) -> Any:
    """Return `value[index]`.

    Raises:
        Fails: there is no such element.
    """
    if isinstance(value, Unknown):
        return value
    if arrays.is_array(value):
        return arrays.element(value, index)
    if isinstance(value, Tensor):
        if isinstance(index, int):
            machine.take_apart(value)
        return indexed(value, index)
    if isinstance(index, Unknown):
        return index
    if isinstance(value, Instance) and value.base is not None:
        value = value.base
    if isinstance(value, Layer):
        if value.name not in (*containers.LISTS, *containers.DICTS):
            raise Open(f"an element of {value.name}")
        return containers.part(value, index)
    if isinstance(value, (list, tuple, str, range, dict)):
        try:
            if isinstance(value, Size) and isinstance(index, slice):
                return Size(value[index])
            return value[index]
        except KeyError as error:
            if isinstance(value, Environment):
                raise Unset(f"the environment variable {shown(index)} may not be set", "KeyError") from error
            if isinstance(value, Keywords):
                raise Ungiven(str(index)) from error
            if isinstance(value, Table):
                raise Open(f"the element {shown(index)} of a table that is filled elsewhere") from error
            raise Fails(f"no element {shown(index)} in {shown(value)}", "KeyError") from error
        except IndexError as error:
            raise Fails(f"no element {shown(index)} in {shown(value)}", "IndexError") from error
        except TypeError as error:
            raise Open(f"the index {shown(index)}") from error
    if isinstance(value, (int, float)) or value is None:
        machine.note(value, uses.LIST)
        raise Fails(f"{shown(value)} has no elements", "TypeError")
    return machine.unknown(f"an element of {shown(value)}")


def set_part(machine: Machine, value: Any, index: Any, given: Any) -> None:
    """Follow `value[index] = given`; in a tensor, the shape stays."""
    if isinstance(value, Layer):
        value.children[str(index)] = given
    elif isinstance(value, (list, dict)):
        if isinstance(index, (Unknown, list, dict, Tensor)):
            raise Open("an element with an unknown index")
        try:
            value[index] = given
        except (IndexError, TypeError) as error:
            raise Fails(f"no element {shown(index)} in {shown(value)}", type(error).__name__) from error
    elif isinstance(value, Tensor):
        value.values = arrays.with_element(value, index, given)
        if not arrays.is_array(value):
            require_part_fits(value, index, given)
        if isinstance(index, int):
            machine.take_apart(value)
    elif not isinstance(value, Unknown):
        raise Open(f"an element of {shown(value)}")
