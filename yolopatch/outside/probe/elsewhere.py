"""Where a class is to be had that a model YAML names and the checkout's parser does not know."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path

from yolopatch.catalog.modules import module_of_class
from yolopatch.catalog.pins import PINS, Pin, port_command, style_of
from yolopatch.core.model.cfg_file import CfgFile
from yolopatch.outside.source.bases import load_index
from yolopatch.outside.workspace.checkout import Checkout, read_checkout
from yolopatch.outside.workspace.workspace import add_command

_SHOWN = 2  # pins: those of the user come after yolopatch's own
# the folder in which the releases of each upstream define the classes of layers
_FOLDERS = {"ultralytics": "ultralytics/nn/", "yolov5": "models/"}


def find_elsewhere(checkout: Checkout, file: CfgFile) -> Mapping[str, str]:
    """Return, for each class that the file names and the parser's file does not, what to do to get it.

    An empty text is of a class that no release known to yolopatch has, and no module.
    """
    known = _names_in_parser(checkout)
    names = dict.fromkeys(str(row[2]) for row in file.rows)
    return {name: _remedy(checkout, name) for name in names if name.isidentifier() and name not in known}


def lacked_by(pin: Pin, file: CfgFile, place: Path | None) -> Mapping[str, str]:
    """Return, for each class that the file names and the pin's release lacks, which releases have it.

    Args:
        pin: an upstream.
        file: the model YAML.
        place: a checkout whose parser may know more classes; None without one.
    """
    known = _names_in_parser(read_checkout(place)) if place else set()
    upstream = style_of(pin).removesuffix("-package")
    names = [name for name in dict.fromkeys(str(row[2]) for row in file.rows) if name.isidentifier()]
    found = {}
    for name in names:
        releases = _releases_with(upstream, name)
        is_known = name in known or module_of_class(name) or pin.version not in load_index(upstream).releases
        if releases and not is_known and pin.version not in releases:
            found[name] = _of_other_releases(style_of(pin), pin.version, name, releases)
    return found


def where_to_get(workspace: Path, name: str) -> str:
    """Return what to do to get a class that the parser of a checkout does not know; "" for one that nobody has."""
    return _remedy(read_checkout(workspace), name)


def _names_in_parser(checkout: Checkout) -> set[str]:
    """Return the names that the parser's file uses, imports or defines; none of one that Python cannot read."""
    parsers = {pin.layout.parser for pin in PINS.values() if style_of(pin) == checkout.style}
    trees = filter(None, (_parse(checkout.path / parser) for parser in parsers))
    return {name for tree in trees for node in ast.walk(tree) for name in _names_of(node)}


def _names_of(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Name):
        yield node.id
    elif isinstance(node, ast.ClassDef):
        yield node.name
    elif isinstance(node, (ast.Import, ast.ImportFrom)):
        yield from (one.asname or one.name for one in node.names)


def _parse(file: Path) -> ast.Module | None:
    try:
        return ast.parse(file.read_text("utf-8", "replace"))
    except (SyntaxError, ValueError):
        return None


def _remedy(checkout: Checkout, name: str) -> str:
    module = module_of_class(name)
    if module is not None:
        return _apply_hint(checkout, module.name)
    own = checkout.style.removesuffix("-package")
    return _release_hint(checkout, own, name) or next(
        filter(None, (_foreign_hint(own, other, name) for other in _FOLDERS if other != own)), ""
    )


def _apply_hint(checkout: Checkout, module: str) -> str:
    workspace = checkout.workspace
    if workspace is None:
        return f"it is a class of the module {module}: take a workspace with it, from yolopatch apply --module {module}"
    return f"it is a class of the module {module}, which this workspace lacks: {add_command(module, workspace)}"


def _release_hint(checkout: Checkout, upstream: str, name: str) -> str:
    """Return which other releases of the same upstream have a class; "" where none has."""
    releases = _releases_with(upstream, name)
    return _of_other_releases(checkout.style, checkout.version, name, releases) if releases else ""


def _of_other_releases(style: str, version: str, name: str, releases: tuple[str, ...]) -> str:
    """Return which releases have a class, and how to get one: for a checkout of this style and version."""
    upstream = style.removesuffix("-package")
    pins = [pin.name for pin in PINS.values() if style_of(pin) == style and pin.version in releases]
    port = port_command(f"{upstream}-{releases[-1]}")
    if pins:
        take = f"take a workspace of {' or '.join(pins[:_SHOWN])}"
    else:
        take = f"make a pin of such a release ({port})" if port else "take a clone of such a release"
    return (
        f"{upstream} has {name} {_span(upstream, releases)}, and this checkout is of {version or 'another'}: "
        f"{take}, or copy the class from there, with its branch of parse_model"
    )


def _foreign_hint(own: str, other: str, name: str) -> str:
    """Return which releases of the other upstream have a class; "" where none has."""
    releases = _releases_with(other, name)
    if not releases:
        return ""
    return (
        f"no release of {own} has {name}, and {other} has it {_span(other, releases)}: copy the class from there, "
        "import it where parse_model is, and write a branch for it in parse_model"
    )


def _releases_with(upstream: str, name: str) -> tuple[str, ...]:
    index = load_index(upstream)
    found = index.having(name, _FOLDERS[upstream])
    return tuple(one for one in found if one not in index.commits) or found


def _span(upstream: str, releases: tuple[str, ...]) -> str:
    index = load_index(upstream)
    newest = [one for one in index.releases if one not in index.commits][-1]
    if releases[-1] == newest or releases[-1] in index.commits:
        return f"since {releases[0]}"
    return f"from {releases[0]} to {releases[-1]}" if len(releases) > 1 else f"in {releases[0]} alone"
