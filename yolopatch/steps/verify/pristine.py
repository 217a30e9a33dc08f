"""The unchanged upstream of a checkout, which checks compare it with."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from yolopatch.catalog.environment.fix_patches import COMPAT
from yolopatch.catalog.pins import PINS, Pin, port_command, style_of
from yolopatch.outside.git.command import Repository
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
    """Return the paths of the YAMLs in a checkout that are no release's: of a fork or a post, or edited in place."""
    prefix = "yolov5/" if checkout.style == "yolov5-package" else ""
    index = load_index(checkout.style.removesuffix("-package"))
    files = (file for folder in YAML_FOLDERS for file in (checkout.path / folder).rglob("*.yaml"))
    paths = {file.relative_to(checkout.path).as_posix(): file for file in files}
    return tuple(
        sorted(
            path for path, file in paths.items() if not index.releases_of(path.removeprefix(prefix), file.read_bytes())
        )
    )


def write_unedited(checkout: Checkout, foreign: Iterable[str], folder: Path, cache: Path) -> None:
    """Write the release's own form of each YAML that was edited in place, where git or a pin in the cache has it.

    Args:
        checkout: where the YAMLs are.
        foreign: their paths, and those of a fork or a post: see `foreign_yamls`.
        folder: where to write.
        cache: the folder of the pins.
    """
    index = load_index(checkout.style.removesuffix("-package"))
    for path in foreign:
        known = path in index.files
        for data in _forms(checkout, path, cache) if known else ():
            releases = index.releases_of(path, data)
            if checkout.version in releases or (releases and not checkout.version):
                (folder / path).parent.mkdir(parents=True, exist_ok=True)
                (folder / path).write_bytes(data)
                break


def _forms(checkout: Checkout, path: str, cache: Path) -> Iterator[bytes]:
    """Yield a file as the checkout's commit has it, then as the pins in the cache have it."""
    if path in checkout.blobs:
        yield from Repository(checkout.path).read_blobs([checkout.blobs[path]])
    for pin in PINS.values():
        kept = cached(pin, cache) if style_of(pin) == checkout.style else None
        if kept is not None and path in kept.blobs:
            yield from kept.repository.read_blobs([kept.blobs[path]])


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
