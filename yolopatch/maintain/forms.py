"""Which releases have the same code in the places that patches change: proving one of them proves all."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping

from yolopatch.catalog.pins import Pin
from yolopatch.core.port.porting import CONV_FILE
from yolopatch.core.text import sha256


def form_of(pin: Pin, files: Mapping[str, str]) -> str:
    """Return a digest of the code that a release's patches change or use, without docstrings and types.

    Args:
        pin: the pin of the release.
        files: the text of its files, by path.
    """
    parts = {
        pin.layout.parser: ("parse_model", "fuse"),
        pin.layout.common: ("Bottleneck", "C2f", "C3", "C3k", "C3k2"),
        CONV_FILE: ("Conv",),
    }
    found = [text for path, names in parts.items() for text in _definitions(files[path], names)]
    return sha256("\n".join(found).encode())


def _definitions(text: str, names: tuple[str, ...]) -> Iterator[str]:
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, (ast.ClassDef, ast.FunctionDef)) and node.name in names:
            yield ast.unparse(_bare(node))


def _bare(node: ast.ClassDef | ast.FunctionDef) -> ast.AST:
    for part in ast.walk(node):
        if isinstance(part, (ast.ClassDef, ast.FunctionDef)) and ast.get_docstring(part) is not None:
            part.body = part.body[1:] or [ast.Pass()]
        if isinstance(part, ast.FunctionDef):
            part.returns = None
        if isinstance(part, ast.arg):
            part.annotation = None
    return node
