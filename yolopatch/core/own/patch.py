"""The changes that add a user's own module to a pin: the pasted file, classes that use it, lines in the parser."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from pathlib import PurePosixPath

from jinja2.sandbox import SandboxedEnvironment

from yolopatch.catalog.module import Module
from yolopatch.catalog.pins import Pin
from yolopatch.core.edits import Change
from yolopatch.core.own.writer import OwnWriter
from yolopatch.core.paste.fitting import Fitted, fit
from yolopatch.core.paste.imports import Upstream
from yolopatch.core.paste.reading import Pasted
from yolopatch.core.syntax import parse
from yolopatch.errors import UsageError

# Files next to `common` in which upstream defines modules; no pin has all of them.
_FILES = ("conv", "block", "common", "transformer", "activation", "utils", "head", "experimental")


def files_with_modules(pin: Pin) -> tuple[str, ...]:
    """Return the paths from which a pasted file may import; the pin may not have all of them."""
    folder = PurePosixPath(pin.layout.common).parent
    return tuple(str(folder / f"{name}.py") for name in _FILES)


def own_changes(
    pin: Pin, module: Module, paste: Pasted, pristine: Mapping[str, str], templates: SandboxedEnvironment
) -> tuple[list[Change], Fitted]:
    """Return the changes that add the module to the pin, and the pasted file as it was adapted.

    Args:
        paste: the pasted file.
        pristine: the pin's text of its parser and of those `files_with_modules` that it has.
        templates: finds the templates of `upstream/`.

    Raises:
        UsageError: the pin does not have what the module needs, or has a class with the module's name.
        AnchorNotFound: the position of a line was not found in the pin's parser.
    """
    upstream = Upstream.of(pin.name, {path: pristine[path] for path in files_with_modules(pin) if path in pristine})
    _require_free(pin, module, pristine[pin.layout.parser], upstream)
    fitted = fit(paste, module.symbol, upstream)
    write = OwnWriter(pin, module, paste, fitted.text, pristine, upstream, templates)
    return [
        *write.files(),
        write.import_line(),
        *write.classes_in_parser(),
        *write.fusion(),
        write.branch(),
    ], fitted


def _require_free(pin: Pin, module: Module, parser: str, upstream: Upstream) -> None:
    imported = {
        alias.asname or alias.name
        for node in parse(parser).body
        if isinstance(node, (ast.Import, ast.ImportFrom))
        for alias in node.names
    }
    defined = {node.name for node in parse(parser).body if isinstance(node, (ast.ClassDef, ast.FunctionDef))}
    if module.name in imported | defined | set(upstream.defined_in):
        raise UsageError(
            f"{pin.name} already has a class {module.name}",
            hint=f"add the module under another name: yolopatch add ... --name My{module.name}",
        )
