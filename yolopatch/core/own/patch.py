"""What a user's own module adds to a pin: its file as it was pasted, classes around it, lines in the parser."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from pathlib import PurePosixPath

from jinja2.sandbox import SandboxedEnvironment

from yolopatch.catalog.modules import Module
from yolopatch.catalog.pins import Pin
from yolopatch.core.edits import Change
from yolopatch.core.own.writer import OwnWriter
from yolopatch.core.paste.fitting import Fitted, fit
from yolopatch.core.paste.imports import Upstream
from yolopatch.core.paste.reading import Pasted
from yolopatch.core.syntax import parse
from yolopatch.errors import UsageError

# What upstream's modules are defined in, beside its `common` file; not every pin has each.
_FILES = ("conv", "block", "common", "transformer", "activation", "utils", "head", "experimental")


def files_with_modules(pin: Pin) -> tuple[str, ...]:
    """Return the paths of the pin's files that a pasted one may import from; the pin may lack some."""
    folder = PurePosixPath(pin.layout.common).parent
    return tuple(str(folder / f"{name}.py") for name in _FILES)


def own_additions(
    pin: Pin, module: Module, paste: Pasted, pristine: Mapping[str, str], templates: SandboxedEnvironment
) -> tuple[list[Change], Fitted]:
    """Return what the module adds to the pin, and how the pasted file was made fit for that.

    Args:
        paste: the file as it was pasted.
        pristine: the pin's text of its parser and of what it has of `files_with_modules`.
        templates: finds the templates of `upstream/`.

    Raises:
        UsageError: the module needs what the pin does not have, or has the name of a class of the pin's.
        AnchorNotFound: the pin's parser has no place where a line belongs.
    """
    upstream = Upstream.of(pin.name, {path: pristine[path] for path in files_with_modules(pin) if path in pristine})
    _require_free(pin, module, pristine[pin.layout.parser], upstream)
    fitted = fit(paste, module.symbol, upstream)
    write = OwnWriter(pin, module, paste, fitted.text, pristine, upstream, templates)
    return [*write.files(), write.import_line(), *write.fusion(), write.branch()], fitted


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
            f"{pin.name} has a {module.name} of its own, and a name in a model file means one class",
            hint=f"add the module under another name: yolopatch add ... --name My{module.name}",
        )
