"""The unchanged upstream of a checkout, which checks compare it with."""

from __future__ import annotations

from pathlib import Path

from yolopatch.catalog.environment.fix_patches import COMPAT
from yolopatch.catalog.pins import Pin, port_command
from yolopatch.outside.git.snapshot import PRISTINE, write_tree
from yolopatch.outside.source.bases import load_index
from yolopatch.outside.source.store import cached
from yolopatch.outside.workspace.checkout import Checkout
from yolopatch.wire.verification import YAML_FOLDERS, NoPristine


def write_pristine(checkout: Checkout, folder: Path, cache: Path) -> NoPristine | None:
    """Write the unchanged upstream into a folder; where it is not at hand, write nothing and return why."""
    workspace = checkout.workspace
    if workspace:
        # libraries that need the compatibility patch need it for the base model, too
        unchanged = workspace.commits[0] if COMPAT in workspace.fix_patches else workspace.root
        write_tree(workspace.repository, unchanged.id, folder)
        return None
    if checkout.pin is None:
        return _no_pin(checkout)
    kept = cached(checkout.pin, cache)
    if kept is None:
        return _not_cached(checkout.pin)
    write_tree(kept.repository, PRISTINE, folder)
    return None


def foreign_yamls(checkout: Checkout) -> tuple[str, ...]:
    """Return the paths of the YAMLs in a checkout that no release has: where a fork or a post puts its own."""
    prefix = "yolov5/" if checkout.style == "yolov5-package" else ""
    known = load_index(checkout.style.removesuffix("-package")).files
    files = (
        file.relative_to(checkout.path).as_posix()
        for folder in YAML_FOLDERS
        for file in (checkout.path / folder).rglob("*.yaml")
    )
    return tuple(sorted(path for path in files if path.removeprefix(prefix) not in known))


def _no_pin(checkout: Checkout) -> NoPristine:
    if not checkout.version:
        return NoPristine("no file says which release this checkout is of", "verify a workspace that yolopatch made")
    make = port_command(f"{checkout.style}-{checkout.version}")
    return NoPristine(
        f"yolopatch has no pin of {checkout.release}",
        f"make one: {make}; then verify again" if make else "verify a workspace that yolopatch made",
    )


def _not_cached(pin: Pin) -> NoPristine:
    return NoPristine(
        f"the unchanged {pin.name} is not in yolopatch's cache",
        f"fetch it: yolopatch apply --repo {pin.name} --module DSConv --dest NEW-FOLDER; then verify again",
    )
