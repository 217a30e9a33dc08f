"""Rebuild the models of a fork on a release in a temporary tree, and compare them with the fork's own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from yolopatch.core.edits import Change, Edit, NewFile, splice
from yolopatch.core.fork.models.files import ModelFile
from yolopatch.core.fork.rebuild.result import Rebuilt
from yolopatch.core.fork.tree import ForkTree
from yolopatch.outside.files.held import temporary_folder
from yolopatch.outside.watch import Watch
from yolopatch.steps.adopt.model import AdoptedModel
from yolopatch.steps.adopt.proof import Proof, build_fork, prove
from yolopatch.steps.adopt.proof import Rebuilt as RebuiltTree
from yolopatch.wire.fork.models import Built, Unbuilt


def build_models(
    fork: ForkTree, models: Sequence[ModelFile], scale: str, python: str, watch: Watch
) -> dict[str, Built | Unbuilt]:
    """Build each model from the fork's own tree.

    Args:
        fork: the fork.
        models: those that are looked at.
        scale: a letter; "" for the one that upstream takes from a file's name, else for its first.
        python: the interpreter with upstream's requirements.
        watch: called before each model.

    Returns:
        what came out for each, by its path in the fork.

    Raises:
        YolopatchError: the interpreter does not start, or has no torch.
    """
    found = {}
    for number, model in enumerate(models, 1):
        watch(f"building {model.name} of the fork", number, len(models))
        found[model.path] = build_fork(fork, model.path, model.text, scale=scale, python=python)
    return found


def compare_models(
    built: Mapping[str, Built | Unbuilt],
    upstream: str,
    base: Mapping[str, bytes],
    rebuilt: Rebuilt,
    scale: str,
    python: str,
    watch: Watch,
) -> tuple[AdoptedModel, ...]:
    """Build each model from a release with what was rebuilt, and compare it with the fork's.

    Args:
        built: what the fork's own tree gave for each model, by its path.
        upstream: `ultralytics` or `yolov5`.
        base: the files of the release, by path.
        rebuilt: what is added to it.
        scale: the letter that was asked of the fork; "" for the first one of a file.
        python: the interpreter with upstream's requirements.
        watch: called before each model.

    Raises:
        YolopatchError: the interpreter does not start, or has no torch.
    """
    found = []
    with temporary_folder() as folder:
        write_tree(folder, with_changes(base, rebuilt.changes))
        for number, model in enumerate(rebuilt.models, 1):
            watch(f"building {model.cfg} rebuilt", number, len(rebuilt.models))
            tree = RebuiltTree(folder, upstream, folder / model.path)
            ours = built[model.cfg]
            proof = prove(ours, tree, scale=scale, python=python) if model.path else Proof(ours, None, None)
            found.append(AdoptedModel(model.cfg, model.lacking, proof, model.path))
    return tuple(found)


def with_changes(files: Mapping[str, bytes], changes: Iterable[Change]) -> dict[str, bytes]:
    """Return the files of a release with changes.

    Args:
        files: its files, by path.
        changes: lines that go into them, and files that are new.
    """
    edits: dict[str, list[Edit]] = {}
    found = dict(files)
    for change in changes:
        if isinstance(change, NewFile):
            found[change.path] = change.text.encode("utf-8", "surrogateescape")
        else:
            edits.setdefault(change.path, []).append(change)
    for path, some in edits.items():
        text = files[path].decode("utf-8", "surrogateescape")
        found[path] = splice(text, sorted(some, key=lambda edit: edit.at)).encode("utf-8", "surrogateescape")
    return found


def write_tree(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write files below a new folder."""
    for path, data in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(data)
