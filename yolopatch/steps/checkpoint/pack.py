"""`pack` and `unpack`: a checkpoint whose DSConv kernels are integers of a few bits, and back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

from yolopatch.catalog.pins import style_of
from yolopatch.errors import UsageError, YolopatchError
from yolopatch.outside.files.staging import staged
from yolopatch.outside.files.writable import require_free
from yolopatch.outside.probe.run import ask_in_workspace
from yolopatch.outside.watch import Watch
from yolopatch.outside.workspace.workspace import Workspace, read_workspace
from yolopatch.steps.checkpoint.transplant import SIDE
from yolopatch.steps.environment.environment import find_environment
from yolopatch.wire import checkpoints as wire
from yolopatch.wire.codec import encode
from yolopatch.wire.tasks import PACK, UNPACK, Task

MODULE = "DSConv"
_PACK_STEPS = 5
_UNPACK_STEPS = 4
Answer = TypeVar("Answer")


@dataclass(frozen=True)
class PackRequest:
    """What to pack, and how.

    Attributes:
        weights: the checkpoint.
        out: where the packed file goes.
        bits: 2 to 8 for every kernel; None for what the layers have.
        block_size: input channels that share a scale; None for what the layers have.
        python: the interpreter with upstream's requirements; None to find one.
        overwrite: replace a file that is at `out`.
    """

    weights: Path
    out: Path
    bits: int | None = None
    block_size: int | None = None
    python: str | None = None
    overwrite: bool = False


@dataclass(frozen=True)
class Packing:
    """A packed file, read back and found to give every bit again.

    Attributes:
        layers, error, digest, file: as the PackAnswer of the probe has them.
    """

    workspace: Path
    weights: Path
    out: Path
    layers: tuple[wire.PackedLayer, ...]
    error: float | None
    digest: str
    file: wire.PackedSizes

    @property
    def kernels(self) -> dict[str, object]:
        """The kernels' bytes in all, in float32 and packed, and the ratio of the two."""
        return _ratio(self.layers)

    @property
    def by_channels(self) -> dict[int, dict[str, object]]:
        """The same for the layers of each number of input channels (of a group), with how many they are."""
        numbers = sorted({layer.shape[1] for layer in self.layers})
        of = {number: [layer for layer in self.layers if layer.shape[1] == number] for number in numbers}
        return {number: {"layers": len(layers), **_ratio(layers)} for number, layers in of.items()}

    def data(self) -> dict[str, object]:
        """Return what `pack --json` prints."""
        return {
            "workspace": self.workspace,
            "weights": self.weights,
            "out": self.out,
            "kernels": self.kernels,
            "by_input_channels": self.by_channels,
            "file": {**encode(self.file), "ratio": _round(self.file.float32 / self.file.packed)},
            "error": encode(self.error),
            "identical": True,
            "digest": self.digest,
            "layers": encode(self.layers),
        }


@dataclass(frozen=True)
class UnpackRequest:
    """What to unpack: `weights` is the packed file, `out` where the checkpoint goes; else see PackRequest."""

    weights: Path
    out: Path
    python: str | None = None
    overwrite: bool = False


@dataclass(frozen=True)
class Unpacking:
    """A checkpoint made of a packed file, loaded by upstream's own code and found to have every bit.

    Attributes:
        layers: how many are packed ones.
        tensors: how many others there are.
        digest: SHA-256 of the kernels in float32, as `pack` gave it.
    """

    workspace: Path
    weights: Path
    out: Path
    layers: int
    tensors: int
    digest: str

    def data(self) -> dict[str, object]:
        """Return what `unpack --json` prints."""
        return {
            "workspace": self.workspace,
            "weights": self.weights,
            "out": self.out,
            "layers": self.layers,
            "tensors": self.tensors,
            "identical": True,
            "digest": self.digest,
        }


def pack(place: Path, request: PackRequest, cache: Path, watch: Watch) -> Packing:
    """Write a checkpoint's model with its DSConv kernels packed, and read it back.

    Args:
        place: the workspace that the checkpoint was trained in, or one like it.
        request: what to pack.
        cache: the cache folder.
        watch: told of each step.

    Raises:
        UsageError: a file that is not there.
        ConflictError: something is at `out` already, or `place` is no workspace.
        YolopatchError: there is nothing to pack, or the checkpoint cannot be read; nothing was written.
    """
    _require_file(request.weights, "checkpoint", "name the best.pt or last.pt that upstream's trainer saved")

    def asked(workspace: Workspace, out: Path) -> wire.PackRequest:
        return wire.PackRequest(
            workspace=str(workspace.path),
            style=style_of(workspace.pin),
            weights=str(request.weights.absolute()),
            out=str(out),
            bits=request.bits,
            block_size=request.block_size,
            side=SIDE,
        )

    how = _How(PACK, wire.PackAnswer, "packing", _PACK_STEPS)
    workspace, answer = _written(place, request, asked, cache, how, watch)
    return Packing(workspace, request.weights, request.out, **vars(answer))


def unpack(place: Path, request: UnpackRequest, cache: Path, watch: Watch) -> Unpacking:
    """Write the checkpoint that a packed file stands for, in the form of upstream's own.

    Raises:
        as `pack`; YolopatchError for what is no packed file.
    """
    _require_file(request.weights, "packed file", "yolopatch pack writes one")
    if request.out.suffix != ".pt":
        raise UsageError(f"--out {request.out}: upstream loads only .pt files", hint="e.g. --out restored.pt")

    def asked(workspace: Workspace, out: Path) -> wire.UnpackRequest:
        return wire.UnpackRequest(
            workspace=str(workspace.path),
            style=style_of(workspace.pin),
            weights=str(request.weights.absolute()),
            out=str(out),
        )

    how = _How(UNPACK, wire.UnpackAnswer, "unpacking", _UNPACK_STEPS)
    workspace, answer = _written(place, request, asked, cache, how, watch)
    return Unpacking(workspace, request.weights, request.out, **vars(answer))


@dataclass(frozen=True)
class _How(Generic[Answer]):
    """A task of the probe's, the type of its answer, what it is called, and how many steps it has."""

    task: Task[Any]
    answer: type[Answer]
    what: str
    steps: int


def _written(
    place: Path,
    request: PackRequest | UnpackRequest,
    asked: Callable[[Workspace, Path], object],
    cache: Path,
    how: _How[Answer],
    watch: Watch,
) -> tuple[Path, Answer]:
    """Let the probe write the file, and put it in its place; returns the workspace and what the probe answered."""
    require_free(request.out, request.overwrite)
    workspace = read_workspace(place.absolute())
    _require_module(workspace)
    interpreter = find_environment(workspace.pin, request.python, cache)
    with staged(request.out.absolute()) as out:
        answer = ask_in_workspace(
            how.task,
            asked(workspace, out),
            workspace.path,
            interpreter,
            how.answer,
            what=how.what,
            watch=watch,
            steps=how.steps,
        )
    return workspace.path, answer


def _require_file(file: Path, what: str, hint: str) -> None:
    if not file.is_file():
        raise UsageError(f"there is no {what} {file}", hint=hint)


def _require_module(workspace: Workspace) -> None:
    found = next((one.flavor for one in workspace.applied if one.name == MODULE), None)
    if found == "paper":
        return
    held = ", ".join(f"{one.name} ({one.flavor})" for one in workspace.applied) or "no modules"
    why = "does not quantise: its kernels are floats" if found else "is not in it"
    raise YolopatchError(
        f"{workspace.path} has no layers to pack: {MODULE} {f'of the flavor {found} ' if found else ''}{why}",
        details=[f"expected: {MODULE} (paper)", f"found: {held}"],
        hint=f"yolopatch apply --repo {workspace.pin.name} --module {MODULE} --dest DIR makes a workspace with it",
    )


def _ratio(layers: Sequence[wire.PackedLayer]) -> dict[str, object]:
    before, after = sum(layer.float32 for layer in layers), sum(layer.packed for layer in layers)
    return {"float32": before, "packed": after, "ratio": _round(before / after)}


def _round(ratio: float) -> float:
    return round(ratio, 3)
