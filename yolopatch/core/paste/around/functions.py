"""A function that makes a layer or a network: a class around it, as a row of a model names a class."""

from __future__ import annotations

import ast
import copy

from yolopatch.core.paste.around.written import Written, free_name
from yolopatch.core.paste.reading import Pasted

_FETCHES = "pretrained"  # with it, code of networks fetches weights when they are made


def around_function(paste: Pasted, function: str) -> Written:
    """Return a class whose one layer is what a function makes, with the function's arguments."""
    node = paste.functions[function]
    taken, fetched = _without_weights(node.args)
    camel = "".join(part[:1].upper() + part[1:] for part in function.split("_"))
    name = free_name(paste, camel if camel not in ("", function) else f"{function}Layer")
    code = (
        f"class {name}(nn.Sequential):\n"
        f'    """What {function}() makes, as one layer."""\n\n'
        f"    def __init__(self{', ' if ast.unparse(taken) else ''}{ast.unparse(taken)}):\n"
        f"        super().__init__({function}({', '.join(_handed_on(taken))}))\n"
    )
    why = f"its one layer is what {function}() makes"
    if fetched:
        why += f", with {_FETCHES}=False: no model fetches weights where it is made"
    return Written(name, function, code, why)


def _without_weights(given: ast.arguments) -> tuple[ast.arguments, bool]:
    """Return a function's arguments without the wish for weights that others trained; and whether it had that."""
    made = copy.deepcopy(given)
    named = [*made.posonlyargs, *made.args]
    first = len(named) - len(made.defaults)
    fetched = False
    for place, one in enumerate(named[first:]):
        if one.arg == _FETCHES and ast.unparse(made.defaults[place]) == "True":
            made.defaults[place], fetched = ast.Constant(False), True
    for one in (*named, *made.kwonlyargs):
        one.annotation = None
    return made, fetched


def _handed_on(given: ast.arguments) -> list[str]:
    by_place = [one.arg for one in (*given.posonlyargs, *given.args)]
    by_name = [f"{one.arg}={one.arg}" for one in given.kwonlyargs]
    rest = [f"*{given.vararg.arg}"] if given.vararg else []
    more = [f"**{given.kwarg.arg}"] if given.kwarg else []
    return [*by_place, *rest, *by_name, *more]
