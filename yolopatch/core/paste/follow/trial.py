"""Build a class of a pasted file with given arguments, and give its forward maps of given sizes: what comes out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from yolopatch.core.paste.follow.errors import Fails, Open, Ungiven, Unset
from yolopatch.core.paste.follow.machine import Machine
from yolopatch.core.paste.follow.uses import Uses
from yolopatch.core.paste.follow.values import Instance, PastedClass, Scope, Tensor, argument, unknown_in
from yolopatch.core.paste.reading import Pasted
from yolopatch.core.syntax import parse_expression

OK, FAILED, UNKNOWN = "ok", "failed", "unknown"

Shape = tuple[int, ...]


@dataclass(frozen=True)
class Number:
    """An input of a forward that is no map: a height, or a height and a width."""

    value: int | tuple[int, ...]


class Half(tuple[int, ...]):
    """The shape of a map that is one half of another one: what the first convolution inside a C2f gets."""


@dataclass(frozen=True)
class Trial:
    """What came out of a class that was followed.

    Attributes:
        state: OK, FAILED where its code certainly raises, UNKNOWN where it cannot be followed.
        why: what raises, or what cannot be followed.
        line: where.
        result: what forward returns; parts of it may be unknown.
        built: whether the constructor was followed to its end.
        uses: of the arguments of the constructor.
        findings: what a model cannot have, each with its line.
        parted: the line that uses an input as a list of maps, though it is one map; 0 where none does.
        nested: the same of a map in a list that the forward was given.
        ungiven: the keyword that the code wants, and that nobody gave.
    """

    state: str
    why: str = ""
    line: int = 0
    result: Any = None
    built: bool = False
    uses: Uses = field(default_factory=Uses)
    findings: tuple[tuple[int, str], ...] = ()
    parted: int = 0
    nested: int = 0
    ungiven: str = ""

    @property
    def shape(self) -> Shape | None:
        """The shape of the one map that came out; None for anything else."""
        return self.result.shape if isinstance(self.result, Tensor) else None

    @property
    def shapes(self) -> tuple[Shape, ...] | None:
        """The shapes of the list of maps that came out; None for anything else."""
        if not isinstance(self.result, (list, tuple)) or not all(isinstance(one, Tensor) for one in self.result):
            return None
        return tuple(one.shape for one in self.result)


def try_class(
    paste: Pasted,
    name: str,
    arguments: Mapping[str, str],
    inputs: Sequence[Any] = (),
    *,
    values: Mapping[str, Any] | None = None,
    training: bool = True,
) -> Trial:
    """Follow a class: its constructor with these arguments, and its forward with these inputs.

    Args:
        paste: the file.
        name: the class.
        arguments: of its constructor, by name, as Python expressions.
        inputs: of its forward: a shape for a map, a list of shapes for a list of maps, a Number; () for no forward.
        values: of the names in the arguments.
        training: whether it is in train mode.
    """
    machine = Machine(paste, training)
    built, result, ungiven = False, None, ""
    try:
        names = Scope(names=dict(values or {}))
        given = {key: argument(key, machine.evaluate(parse_expression(text), names)) for key, text in arguments.items()}
        made = machine.call(PastedClass(name), **given)
        assert isinstance(made, Instance)
        built = True
        if inputs:
            machine.inputs = [_as_maps(one) for one in inputs]
            result = machine.call(made, *machine.inputs)
    except Fails as error:
        state = UNKNOWN if isinstance(error, Unset) else FAILED
        # a forward that the class inherits from a library has no line in the file
        why, line = error.why, error.line or paste.classes[name].lineno
        ungiven = error.wanted if isinstance(error, Ungiven) else ""
    except Open as error:
        state, why, line = UNKNOWN, error.what, error.line
    except RecursionError:
        state, why, line = UNKNOWN, "calls inside each other", machine.line
    else:
        unknown = unknown_in(result)
        state, why, line = (UNKNOWN, unknown.what, unknown.line) if unknown else (OK, "", 0)
    found = (machine.uses, tuple(machine.findings), machine.parted, machine.nested)
    return Trial(state, why, line, result, built, *found, ungiven)


def _as_maps(given: Any) -> Any:
    if isinstance(given, Number):
        return given.value
    if isinstance(given, list):
        return [_as_maps(one) for one in given]
    return Tensor(tuple(given), half=isinstance(given, Half))
