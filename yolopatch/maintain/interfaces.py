"""Write what a pasted file can use of a pin, from the pin's text."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping

from yolopatch.catalog.interfaces import Interface, format_interface, python_files
from yolopatch.catalog.pins import Pin
from yolopatch.catalog.resources import interface_file
from yolopatch.core.own.patch import files_with_modules
from yolopatch.core.paste.imports import Upstream
from yolopatch.core.paste.origins.signatures import write_signature
from yolopatch.core.syntax import parse
from yolopatch.outside.git import snapshot
from yolopatch.outside.source.store import cache_dir, pristine


def interface_of(pin: Pin, texts: Mapping[str, str]) -> Interface:
    """Return the interface of a pin, from the texts of its Python files by path."""
    upstream = Upstream.of(pin.name, {path: texts[path] for path in files_with_modules(pin) if path in texts})
    packages = {name for text in texts.values() for name in _imported(parse(text))}
    own = {path.partition("/")[0].removesuffix(".py") for path in texts}
    return Interface(
        packages=tuple(sorted(packages - own)),
        defined_in=dict(sorted(upstream.defined_in.items())),
        signatures={name: write_signature(one) for name, one in sorted(upstream.signatures.items())},
    )


def pin_texts(pin: Pin) -> Mapping[str, str]:
    """Return the texts of a pin's Python files, from the cache; a pin that it does not have is fetched."""
    with pristine(pin, "auto", cache_dir()) as found:
        return snapshot.pristine_reader(found.repository, found.blobs)(sorted(python_files(pin.name)))


def write_interface(pin: Pin) -> str:
    """Write the file of a pin's interface; return how many names it has."""
    found = interface_of(pin, pin_texts(pin))
    interface_file(pin.name).parent.mkdir(exist_ok=True)
    interface_file(pin.name).write_text(format_interface(found), encoding="utf-8")
    return f"{len(found.defined_in)} names"


def _imported(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield str(node.module).partition(".")[0]
