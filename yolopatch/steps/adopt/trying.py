"""Rebuild the models of a fork on a release in a temporary tree, and compare them with the fork's own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from yolopatch.core.edits import Change, Edit, NewFile, splice
from yolopatch.core.fork.models.files import ModelFile
from yolopatch.core.fork.rebuild.result import Model, Rebuilt
from yolopatch.core.fork.tree import ForkTree
from yolopatch.outside.files.held import temporary_folder
from yolopatch.outside.watch import Watch
from yolopatch.steps.adopt.model import AdoptedModel
from yolopatch.steps.adopt.proof import Proof, build_fork, prove
from yolopatch.steps.adopt.proof import Rebuilt as RebuiltTree
from yolopatch.wire.fork.models import Built, Unbuilt


def compare_models(
    fork: ForkTree,
    base: Mapping[str, bytes],
    rebuilt: Rebuilt,
    models: Sequence[ModelFile],
    scale: str,
    python: str,
    watch: Watch,
) -> tuple[AdoptedModel, ...]:
    """Build each model from the fork's own tree and from the release with what was rebuilt, and compare the two.

    Args:
        fork: the fork.
        base: the files of the release, by path.
        rebuilt: what is added to it.
        models: those that are looked at.
        scale: a letter; "" for the one that upstream takes from a file's name, else for its first.
        python: the interpreter with upstream's requirements.
        watch: called before each model.

    Raises:
        YolopatchError: the interpreter does not start, or has no torch.
    """
    made = {model.cfg: model for model in rebuilt.models}
    found = []
    with temporary_folder() as folder:
        write_tree(folder / "tree", with_changes(base, rebuilt.changes))
        for number, model in enumerate(models, 1):
            watch(f"building {model.name}", number, len(models))
            built = build_fork(fork, model.path, model.text, scale=scale, python=python)
            one = made[model.path]
            proof = _prove(built, one, fork, folder / "tree", python)
            found.append(AdoptedModel(model.path, one.lacking, proof, one.path))
    return tuple(found)


def _prove(built: Built | Unbuilt, model: Model, fork: ForkTree, tree: Path, python: str) -> Proof:
    if not model.path:
        return Proof(built, None, None)
    return prove(built, RebuiltTree(tree, fork.upstream, tree / model.path), python=python)


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
