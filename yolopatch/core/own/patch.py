"""The changes that add a user's own module to a pin: the pasted file, classes that use it, lines in the parser."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from pathlib import PurePosixPath

from jinja2.sandbox import SandboxedEnvironment

from yolopatch.catalog.kinds import LOSS
from yolopatch.catalog.module import FLAVORS, Module
from yolopatch.catalog.pins import Pin
from yolopatch.core.code.loss_files import assigner_file, loss_file, loss_folder
from yolopatch.core.edits import Change
from yolopatch.core.own.loss_calls import require_signatures
from yolopatch.core.own.loss_writer import LossWriter
from yolopatch.core.own.writer import OwnWriter
from yolopatch.core.paste.fitting import Fitted, fit
from yolopatch.core.paste.imports import Imported, Upstream
from yolopatch.core.paste.origins.known import paths_in
from yolopatch.core.paste.reading import Pasted
from yolopatch.core.paste.sifting import Wanted
from yolopatch.core.syntax import parse
from yolopatch.errors import UsageError

# Files next to `common` in which upstream defines modules; no pin has all of them.
_FILES = ("conv", "block", "common", "transformer", "activation", "utils", "head", "experimental")


def files_with_modules(pin: Pin) -> tuple[str, ...]:
    """Return the paths from which a pasted file may import; the pin may not have all of them."""
    folder = PurePosixPath(pin.layout.common).parent
    return tuple(str(folder / f"{name}.py") for name in _FILES)


def files_needed(pin: Pin, module: Module) -> tuple[str, ...]:
    """Return the paths of the pin from which a module's patch is made; the pin may not have all of them."""
    losses = (loss_file(pin), assigner_file(pin), *files_with_losses(pin)) if module.kind == LOSS else ()
    return (pin.layout.parser, *files_with_modules(pin), *losses)


def files_read(pin: Pin, module: Module, paste: Pasted) -> tuple[str, ...]:
    """Return the same with the files of the pin from which a pasted file imports."""
    others = (one.path for one in imported_files(pin, paste))
    return tuple(dict.fromkeys((*files_needed(pin, module), *others)))


def files_with_losses(pin: Pin) -> tuple[str, ...]:
    """Return the paths from which a pasted loss may import; the pin may not have all of them."""
    return tuple(f"{loss_folder(pin)}/{name}.py" for name in ("metrics", "ops", "general"))


def imported_files(pin: Pin, paste: Pasted) -> tuple[Imported, ...]:
    """Return what a pasted file imports from other files of the pin, and those files that it imports as a whole."""
    nodes = (node for _, node in paste.imports if isinstance(node, ast.ImportFrom))
    places = [(path, alias.name) for node in nodes for path in paths_in(pin.layout, node) for alias in node.names]
    found = (Imported(path, name) for path, name in places)
    have = {*files_with_modules(pin), str(PurePosixPath(pin.layout.common).parent / "__init__.py")}
    packages = ((path.removesuffix("/__init__.py"), name) for path, name in places if path.endswith("/__init__.py"))
    files = (Imported(f"{package}/{name}.py", name, whole=True) for package, name in packages if name != "*")
    return tuple(dict.fromkeys((*(one for one in found if one.path not in have), *files)))


def own_changes(
    pin: Pin,
    module: Module,
    paste: Pasted,
    pristine: Mapping[str, str],
    templates: SandboxedEnvironment,
    flavor: str = FLAVORS[0],
) -> tuple[list[Change], Fitted]:
    """Return the changes that add the module to the pin, and the pasted file as it was adapted.

    Args:
        paste: the pasted file.
        pristine: the pin's text of those `files_read` that it has.
        flavor: of the module.
        templates: finds the templates of `upstream/`.

    Raises:
        UsageError: the pin does not have what the module needs, or has a class with the module's name.
        AnchorNotFound: the position of a line was not found in the pin's parser.
    """
    files = files_with_losses(pin) if module.kind == LOSS else files_with_modules(pin)
    texts = {path: pristine[path] for path in files if path in pristine}
    imported = imported_files(pin, paste)
    others = {one.path: pristine[one.path] for one in imported if one.path in pristine}
    upstream = Upstream.of(pin.name, texts, imported, others)
    if module.kind == LOSS:  # it has a file of its own, and its names go nowhere else
        require_signatures(pin.name, paste, texts)
        fitted = fit(paste, wanted_of(module), upstream)
        return LossWriter(pin, module, flavor, paste, fitted, pristine, templates).changes(), fitted
    _require_free(pin, module, pristine[pin.layout.parser], upstream)
    fitted = fit(paste, wanted_of(module), upstream)
    write = OwnWriter(pin, module, paste, fitted, pristine, upstream, templates)
    return [
        *write.files(),
        write.import_line(),
        *write.classes_in_parser(),
        *write.fusion(),
        write.branch(),
    ], fitted


def wanted_of(module: Module) -> Wanted:
    """Return what of its file a module needs."""
    return Wanted(module.defined_as, module.call, frozenset(module.packages))


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
            hint=f"add the module under another name: --name My{module.name}",
        )
