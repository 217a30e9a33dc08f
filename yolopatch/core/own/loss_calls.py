"""Check that a pasted loss calls upstream's functions as the pin has them."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping

from yolopatch.core.paste.reading import Pasted
from yolopatch.core.syntax import parse
from yolopatch.errors import UsageError


def require_signatures(pin: str, paste: Pasted, texts: Mapping[str, str]) -> None:
    """Refuse a call with an argument that the pin's function does not have.

    Args:
        pin: its name, for the message.
        paste: the loss's file.
        texts: the pin's files with the functions that a loss may call, by path.

    Raises:
        UsageError: with the line of the call, and the function's arguments.
    """
    functions = {
        node.name: node for text in texts.values() for node in parse(text).body if isinstance(node, ast.FunctionDef)
    }
    own = {*paste.functions, *paste.classes}
    for call, name in _calls(paste.tree):
        function = functions.get(name) if name not in own else None
        if function is None or function.args.kwarg:
            continue
        given = function.args
        names = [one.arg for one in (*given.posonlyargs, *given.args, *given.kwonlyargs)]
        foreign = [one.arg for one in call.keywords if one.arg and one.arg not in names]
        if foreign:
            raise UsageError(
                f"{name} of {pin} has no argument {foreign[0]}",
                details=[
                    f"expected: {name}({', '.join(names)})",
                    f"found:    {paste.name}, line {call.lineno}: {paste.line(call.lineno).strip()}",
                ],
                hint=f"paste the {name} that the loss was written for into the file, too",
            )


def _calls(tree: ast.AST) -> Iterator[tuple[ast.Call, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            yield node, node.func.id
