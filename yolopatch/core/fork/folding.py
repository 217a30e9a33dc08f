"""The folded form of a file: equal for two texts that differ in line ends, formatting, comments or docstrings alone.

The form of Python code is written from its syntax tree by the rules of this file, and not by `ast`: what that writes is
not the same in every version of Python, and the ids of folded files are kept.
"""

from __future__ import annotations

import ast
import io
import tokenize
from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath

from yolopatch.core.plain_yaml import PlainYamlError, load_plain
from yolopatch.core.syntax import parse

_MOST_CHARACTERS, _MOST_VALUES = 4 * 1024**2, 500_000  # of a YAML; the names of upstream's data sets fill 60 KB
# Fields of a node that do not change what the code does.
_SILENT = frozenset({"ctx", "kind", "type_comment", "type_ignores"})


def fold_file(path: str, data: bytes) -> str:
    """Return the folded form of a file's content, which may be no text at all; `path` says by its end what it is."""
    text = decode(path, data)
    return data.decode("latin-1") if text is None else fold(path, text)


def decode(path: str, data: bytes) -> str | None:
    """Return the text of a file, None if it has none. Python code may name its own encoding."""
    if b"\0" in data:
        return None
    try:
        encoding = tokenize.detect_encoding(io.BytesIO(data).readline)[0] if is_python(path) else "utf-8-sig"
        return data.decode(encoding)
    except (UnicodeDecodeError, LookupError, SyntaxError):
        return None


def fold(path: str, text: str) -> str:
    """Return the folded form of a text.

    - Of Python code: its syntax tree without docstrings, in which imports that follow each other have one order.
    - Of a YAML: its values.
    - Of everything else, and of code and YAMLs that cannot be read: its lines without their ends.
    """
    lines = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    try:
        if is_python(path):
            return canonical(parse(lines))
        if PurePosixPath(path).suffix in (".yaml", ".yml"):
            return _written(load_plain(lines, _MOST_CHARACTERS, _MOST_VALUES))
    except (SyntaxError, PlainYamlError):
        pass  # no code, no YAML: a text like any other
    return lines.rstrip("\n")


def is_python(path: str) -> bool:
    """Tell whether a file is Python code, by its name."""
    return PurePosixPath(path).suffix in (".py", ".pyi")


def canonical(node: ast.AST | Sequence[ast.AST]) -> str:
    """Return a text of this code that is equal for code of another formatting, and the same in each version of Python.

    Args:
        node: an expression, a statement, several statements, or a whole file.
    """
    found: list[str] = []
    if isinstance(node, ast.AST):
        _write(node, found)
    else:
        _write_list(node, found)
    return "".join(found)


def _write(node: ast.AST, found: list[str]) -> None:
    if isinstance(node, ast.Constant):
        found.append(_constant(node.value))
    elif isinstance(node, ast.JoinedStr):
        _write_joined(node, found)
    elif isinstance(node, ast.Delete):
        _write_fields("Delete", {"targets": _flat(node.targets)}, found)
    else:
        _write_fields(type(node).__name__, {name: getattr(node, name, None) for name in node._fields}, found)


def _write_fields(kind: str, fields: dict[str, object], found: list[str]) -> None:
    found.append(f"{kind}(")
    for name, value in fields.items():
        # what a newer Python adds to a kind of node is empty in code that an older one reads
        if name in _SILENT or value is None or value == []:
            continue
        found.append(f"{name}=")
        _write_value(value, found)
    found.append(")")


def _write_value(value: object, found: list[str]) -> None:
    if isinstance(value, ast.AST):
        _write(value, found)
    elif isinstance(value, list):
        _write_list(value, found)
    else:  # a name, or a number of dots or of a conversion
        found.append(f"{value};")


def _write_list(items: Sequence[object], found: list[str]) -> None:
    found.append("[")
    if any(isinstance(item, ast.stmt) for item in items):
        items = list(_statements([item for item in items if isinstance(item, ast.stmt)]))
    for item in items:
        if isinstance(item, (ast.AST, str)):
            _write_value(item, found)
        else:  # the key of `**` in a dict, or a default that an argument does not have
            found.append("_;")
    found.append("]")


def _statements(body: Sequence[ast.stmt]) -> Iterator[ast.AST | str]:
    """Yield the statements that do something; imports that follow each other as sorted texts, each once."""
    imports: set[str] = set()
    for node in body:
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            imports |= set(_imported(node))
            continue
        if isinstance(node, ast.Pass) or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)):
            continue  # a docstring, a text that stands for a comment, `...`
        yield from sorted(imports)
        imports = set()
        yield node
    yield from sorted(imports)


def _imported(node: ast.Import | ast.ImportFrom) -> Iterator[str]:
    place = f"from {'.' * node.level}{node.module or ''} " if isinstance(node, ast.ImportFrom) else ""
    for alias in node.names:
        name = alias.asname if alias.asname != alias.name else None  # `import a as a` is `import a`
        yield f"{place}import {alias.name}" + (f" as {name}" if name else "")


def _write_joined(node: ast.JoinedStr, found: list[str]) -> None:
    """Write an f-string: texts side by side are one, and one without a value is a plain text."""
    parts: list[ast.expr | str] = []
    for part in node.values:
        text = part.value if isinstance(part, ast.Constant) else None
        if isinstance(text, str):
            before = parts.pop() if parts and isinstance(parts[-1], str) else ""
            parts.append(f"{before}{text}")
        else:
            parts.append(part)
    texts = [part for part in parts if part]
    if all(isinstance(part, str) for part in texts):
        found.append(_constant("".join(map(str, texts))))
        return
    found.append("JoinedStr(")
    for one in texts:
        if isinstance(one, str):
            found.append(_constant(one))
        else:
            _write(one, found)
    found.append(")")


def _constant(value: object) -> str:
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:#x};"  # Python refuses to write a long number with decimals
    return f"{value!a};"  # what `repr` shows as it is grows with each version


def _flat(targets: Sequence[ast.expr]) -> list[ast.expr]:
    """Return the targets of a `del`, out of the parentheses that formatters take away."""
    return [inner for one in targets for inner in (_flat(one.elts) if isinstance(one, ast.Tuple) else [one])]


def _written(value: object) -> str:
    """Return a text of plain values in which the order of keys does not count."""
    if isinstance(value, dict):
        pairs = sorted(f"{_written(key)}:{_written(inner)}" for key, inner in value.items())
        return "{" + ",".join(pairs) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ",".join(map(_written, value)) + "]"
    if isinstance(value, (set, frozenset)):
        return "<" + ",".join(sorted(map(_written, value))) + ">"
    return _constant(value)
