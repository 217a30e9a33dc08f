"""Say what loading a pickle would do with the classes and functions that it names, without doing any of it.

A pickle is a program for a machine with a stack. This follows it instruction by instruction with stand-ins for its
values: nothing is imported, called, hashed or allocated. Standard library only, and Python 3.8 can run this.

A use is a line of text. `core/checkpoint/allowed.py` decides which uses a checkpoint may have:

    call NAME(ARGUMENTS)     a class or function is called, or `__new__` of a class with arguments
    keep NAME                the class or function itself becomes a value: whoever finds it may call it
    state NAME() STATE       the result of a call gets a state; that an object made without arguments gets one is no use
    again NAME               an object gets a second state, which the first may redirect
    fill NAME                items are appended to, or set in, an object that is not of Python's own containers
    call a result, state a class, ...: what no honest pickle does
"""

from __future__ import annotations

import pickletools
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

_MOST_USES = 2_000  # different ones; a checkpoint has some dozens
_MOST_WEIGHT = 100_000  # values in a nested tuple, each counted as often as it is reached
_MOST_STEPS = 4_000_000  # instructions; the pickle of a large model has some hundred thousand
_MOST_SHOWN = 12  # forms of arguments
_SHORT = re.compile(r"[\w<>|=-]{1,16}")
_CONTAINERS = frozenset({"list", "dict", "set", "collections.OrderedDict()", "collections.defaultdict()"})
_GETATTR = ("builtins.getattr", "__builtin__.getattr")
_STORAGE = "storage"
_TENSORS = ("torch._utils._rebuild_tensor", "torch._utils._rebuild_tensor_v2")


class Harmful(Exception):
    """The pickle is damaged, or would take memory or time without end. The message says what it has."""


@dataclass(eq=False)
class _Value:
    """A stand-in for a value of the pickle.

    Attributes:
        form: how it is written in a use.
        name: for a class or function the `module.name`, for an object that of its class, else "".
        is_global: whether it is a class or function itself.
        text: a string's text.
        parts: a tuple's values.
        number: an integer's value.
        weight: how many values a tuple holds, each counted as often as it is reached.
        has_state: whether it was given a state.
    """

    form: str
    name: str = ""
    is_global: bool = False
    text: str | None = None
    parts: tuple[_Value, ...] | None = None
    number: int | None = None
    weight: int = 1
    has_state: bool = False


_NONE, _BOOL, _FLOAT, _BYTES = _Value("None"), _Value("bool"), _Value("float"), _Value("bytes")
_MARK = _Value("mark")


@dataclass(frozen=True)
class Seen:
    """What loading a pickle would do.

    Attributes:
        names: `module.name` of every class and function, for a `getattr` with the attribute.
        uses: what is done with them.
        elements: how many values its tensors, or the memory that they lie in, claim to have.
    """

    names: frozenset[str]
    uses: frozenset[str]
    elements: int


def uses_of(data: bytes) -> Seen:
    """Return what loading a pickle would do.

    Raises:
        Harmful: see there.
    """
    machine = _Machine(len(data))
    try:
        for number, (code, argument, _) in enumerate(pickletools.genops(data)):
            if number >= _MOST_STEPS:
                raise Harmful(f"it has more than {_MOST_STEPS:,} instructions")
            machine.step(code.name, argument)
    except (ValueError, IndexError, KeyError, OverflowError) as error:
        raise Harmful(f"it is cut short or damaged: {str(error)[:200]}") from error
    elements = max(machine.elements, sum(machine.storages.values()))
    return Seen(frozenset(machine.names), frozenset(machine.uses), elements)


class _Machine:
    """The stack, the memo, and what was seen; `storages` has the claimed elements of the parts of the file, by name."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._stack: list[_Value] = []
        self._memo: dict[int, _Value] = {}
        self.names: set[str] = set()
        self.uses: set[str] = set()
        self.elements = 0
        self.storages: dict[str, int] = {}

    def step(self, code: str, argument: Any) -> None:
        """Follow one instruction."""
        if code in self._PUSHED:
            self._stack.append(self._PUSHED[code])
        else:
            self._STEPS[code](self, argument)

    def _use(self, text: str) -> None:
        self.uses.add(text)
        if len(self.uses) > _MOST_USES:
            raise Harmful(f"it uses classes and functions in more than {_MOST_USES:,} ways")

    def _pop(self) -> _Value:
        value = self._stack.pop()
        if value is _MARK:
            raise ValueError("a mark where a value should be")
        return value

    def _pop_mark(self) -> list[_Value]:
        at = max(place for place, value in enumerate(self._stack) if value is _MARK)
        values = self._stack[at + 1 :]
        del self._stack[at:]
        return values

    def _kept(self, *values: _Value) -> None:
        for value in values:
            if value.is_global:
                self._use(f"keep {value.name}")

    def _name(self, module: str, name: str) -> None:
        path = f"{module}.{name}"
        self.names.add(path)
        self._stack.append(_Value(path, path, is_global=True))

    # one method for each kind of instruction; `argument` is what the instruction carries

    def _nothing(self, argument: Any) -> None:
        """The version, a frame: no value changes."""

    def _unknown(self, argument: Any) -> None:
        raise ValueError("it has instructions that no pickle of torch's has")

    def _int(self, argument: Any) -> None:
        self._stack.append(_BOOL if isinstance(argument, bool) else _Value("int" if argument else "0", number=argument))

    def _text(self, argument: Any) -> None:
        text = str(argument)
        self._stack.append(_Value(repr(text) if _SHORT.fullmatch(text) else "str", text=text))

    def _global(self, argument: Any) -> None:
        self._name(*argument.split(" ", 1))

    def _stack_global(self, argument: Any) -> None:
        name, module = self._pop(), self._pop()
        if name.text is None or module.text is None:
            raise ValueError("a name that is not a text")
        self._name(module.text, name.text)

    def _tuple_of(self, values: list[_Value]) -> _Value:
        self._kept(*values)
        weight = 1 + sum(value.weight for value in values)
        if weight > _MOST_WEIGHT:
            raise Harmful(f"it has a tuple of tuples with more than {_MOST_WEIGHT:,} values")
        return _Value(_forms(values), parts=tuple(values), weight=weight)

    def _tuple(self, argument: Any) -> None:
        self._stack.append(self._tuple_of(self._pop_mark()))

    def _short_tuple(self, length: int) -> None:
        values = [self._pop() for _ in range(length)][::-1]
        self._stack.append(self._tuple_of(values))

    def _new(self, form: str) -> None:
        self._stack.append(_Value(form))

    def _gathered(self, form: str) -> None:
        self._kept(*self._pop_mark())
        self._stack.append(_Value(form))

    def _fill(self, values: list[_Value]) -> None:
        self._kept(*values)
        target = self._stack[-1]
        if target.form not in _CONTAINERS:
            self._use(f"fill {target.name or target.form}")

    def _fill_one(self, count: int) -> None:
        self._fill([self._pop() for _ in range(count)])

    def _fill_many(self, argument: Any) -> None:
        self._fill(self._pop_mark())

    def _call(self, called: _Value, arguments: list[_Value], named: bool = False) -> None:
        """Push the result of a call."""
        if not called.is_global:
            self._use("call a result")
            self._stack.append(_Value("a result"))
            return
        if called.name in _GETATTR and len(arguments) == 2 and arguments[1].text is not None:
            self.names.discard(called.name)
            self.names.add(f"builtins.getattr({arguments[1].text})")
        if called.name in _TENSORS and len(arguments) > 2:
            self.elements += _product(arguments[2])
        self._use(f"call {called.name}{_forms(arguments)}{' and named ones' if named else ''}")
        self._stack.append(_Value(f"{called.name}()", called.name))

    def _make(self, made: _Value, arguments: list[_Value], named: bool = False) -> None:
        """Push a new object: `made.__new__` is called, not `made`."""
        if made.is_global and not arguments and not named:
            self._stack.append(_Value("object", made.name))
        else:
            self._call(made, arguments, named)

    def _reduce(self, argument: Any) -> None:
        arguments, called = self._pop(), self._pop()
        self._call(called, _parts(arguments))

    def _newobj(self, argument: Any) -> None:
        arguments, made = self._pop(), self._pop()
        self._make(made, _parts(arguments))

    def _newobj_ex(self, argument: Any) -> None:
        self._pop()
        arguments, made = self._pop(), self._pop()
        self._make(made, _parts(arguments), named=True)

    def _obj(self, argument: Any) -> None:
        made, *arguments = self._pop_mark()
        self._kept(*arguments)
        self._call(made, arguments)

    def _inst(self, argument: Any) -> None:
        arguments = self._pop_mark()
        self._kept(*arguments)
        self._global(argument)
        self._call(self._pop(), arguments)

    def _build(self, argument: Any) -> None:
        state, target = self._pop(), self._stack[-1]
        self._kept(state)
        if target.is_global:
            self._use(f"state a class, {target.name}")
        elif target.has_state:
            self._use(f"again {target.name or target.form}")
        elif target.form != "object":
            self._use(f"state {target.form} {state.form}")
        target.has_state = True

    def _persistent(self, argument: Any) -> None:
        """A tensor's bytes: torch names them by a tuple ("storage", class, file, device, count)."""
        key = _parts(self._pop())
        if len(key) != 5 or key[0].text != _STORAGE or not key[1].is_global:
            raise ValueError("tensors that are not named in torch's way")
        name, count = key[2].text, key[4].number
        if name is None or count is None:
            raise ValueError("tensors that are not named in torch's way")
        self.storages[name] = max(count, self.storages.get(name, 0))
        self._stack.append(_Value(_STORAGE))

    def _duplicate(self, argument: Any) -> None:
        self._stack.append(self._stack[-1])

    def _drop(self, argument: Any) -> None:
        self._stack.pop()

    def _put(self, argument: Any) -> None:
        index = len(self._memo) if argument is None else int(argument)
        # Python's own reader reserves memory up to the index
        if index > self._size:
            raise Harmful(f"it numbers a value {index:,}, and has {self._size:,} bytes")
        self._memo[index] = self._stack[-1]

    def _get(self, argument: Any) -> None:
        self._stack.append(self._memo[int(argument)])

    def _stop(self, argument: Any) -> None:
        self._kept(self._pop())

    _PUSHED: ClassVar[dict[str, _Value]] = {
        "NONE": _NONE,
        "NEWTRUE": _BOOL,
        "NEWFALSE": _BOOL,
        "FLOAT": _FLOAT,
        "BINFLOAT": _FLOAT,
        "BINBYTES": _BYTES,
        "SHORT_BINBYTES": _BYTES,
        "BINBYTES8": _BYTES,
        "BYTEARRAY8": _BYTES,
        "MARK": _MARK,
    }
    _STEPS: ClassVar[dict[str, Callable[[_Machine, Any], None]]] = {
        **dict.fromkeys(("PROTO", "FRAME"), _nothing),
        **dict.fromkeys(("INT", "LONG", "BININT", "BININT1", "BININT2", "LONG1", "LONG4"), _int),
        **dict.fromkeys(("STRING", "BINSTRING", "SHORT_BINSTRING"), _text),
        **dict.fromkeys(("UNICODE", "SHORT_BINUNICODE", "BINUNICODE", "BINUNICODE8"), _text),
        **dict.fromkeys(("PUT", "BINPUT", "LONG_BINPUT", "MEMOIZE"), _put),
        **dict.fromkeys(("GET", "BINGET", "LONG_BINGET"), _get),
        **dict.fromkeys(("APPENDS", "SETITEMS", "ADDITEMS"), _fill_many),
        **dict.fromkeys(("EXT1", "EXT2", "EXT4", "PERSID", "NEXT_BUFFER", "READONLY_BUFFER"), _unknown),
        "GLOBAL": _global,
        "STACK_GLOBAL": _stack_global,
        "EMPTY_TUPLE": lambda self, _: self._short_tuple(0),
        "TUPLE1": lambda self, _: self._short_tuple(1),
        "TUPLE2": lambda self, _: self._short_tuple(2),
        "TUPLE3": lambda self, _: self._short_tuple(3),
        "TUPLE": _tuple,
        "EMPTY_LIST": lambda self, _: self._new("list"),
        "EMPTY_DICT": lambda self, _: self._new("dict"),
        "EMPTY_SET": lambda self, _: self._new("set"),
        "LIST": lambda self, _: self._gathered("list"),
        "DICT": lambda self, _: self._gathered("dict"),
        "FROZENSET": lambda self, _: self._gathered("frozenset"),
        "APPEND": lambda self, _: self._fill_one(1),
        "SETITEM": lambda self, _: self._fill_one(2),
        "REDUCE": _reduce,
        "NEWOBJ": _newobj,
        "NEWOBJ_EX": _newobj_ex,
        "OBJ": _obj,
        "INST": _inst,
        "BUILD": _build,
        "BINPERSID": _persistent,
        "DUP": _duplicate,
        "POP": _drop,
        "POP_MARK": lambda self, _: self._drop_mark(),
        "STOP": _stop,
    }

    def _drop_mark(self) -> None:
        self._pop_mark()


def _parts(arguments: _Value) -> list[_Value]:
    if arguments.parts is None:
        raise ValueError("arguments that are not a tuple")
    return list(arguments.parts)


def _product(shape: _Value) -> int:
    """Return how many elements a tensor of this shape has."""
    found = 1
    for part in shape.parts or ():
        found *= max(part.number or 0, 0)
    return found


def _forms(values: list[_Value]) -> str:
    """Return how arguments or a tuple are written in a use."""
    forms = [value.form for value in values]
    if forms and all(form in ("0", "int") for form in forms):
        return "(0)" if forms == ["0"] else "(ints)"
    if len(forms) > _MOST_SHOWN or sum(map(len, forms)) > 200:
        return "(...)"
    return f"({', '.join(forms)})"
