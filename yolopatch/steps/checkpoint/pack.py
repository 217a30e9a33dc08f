"""`pack` and `unpack`: store a checkpoint's DSConv kernels as integers of a few bits, and make a checkpoint again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

from yolopatch.catalog.pins import style_of
from yolopatch.errors import UsageError, YolopatchError
from yolopatch.outside.files.existing import require_file
from yolopatch.outside.files.staging import staged
from yolopatch.outside.files.writable import require_free
from yolopatch.outside.probe.run import ask_in_workspace
from yolopatch.outside.watch import Watch
from yolopatch.outside.workspace.workspace import Workspace, read_workspace
from yolopatch.steps.checkpoint.transplant import SIDE
from yolopatch.steps.environment.interpreters import find_interpreter_in
from yolopatch.wire import checkpoints as wire
from yolopatch.wire.codec import encode
from yolopatch.wire.tasks import PACK, UNPACK, Task

MODULE = "DSConv"
_PACK_STEPS = 5
_UNPACK_STEPS = 4
Answer = TypeVar("Answer")


@dataclass(frozen=True)
class PackRequest:
    """The options of `pack`.

    Attributes:
        weights: the checkpoint.
        out: the packed file.
        bits: 2 to 8 for every kernel; None for those of each layer.
        block_size: the number of input channels that share a scale; None for that of each layer.
        python: the interpreter with upstream's requirements; None to find one.
        overwrite: replace an existing file at `out`.
    """

    weights: Path
    out: Path
    bits: int | None = None
    block_size: int | None = None
    python: str | None = None
    overwrite: bool = False


@dataclass(frozen=True)
class Packing:
    """A packed file; reading it back gave the same bits.

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
        """The bytes of all kernels in float32 and packed, and their ratio."""
        return _ratio(self.layers)

    @property
    def by_channels(self) -> dict[int, dict[str, object]]:
        """The same by the number of input channels (of a group), with the number of layers."""
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
    """The options of `unpack`: `weights` is the packed file, `out` the checkpoint; for the others see PackRequest."""

    weights: Path
    out: Path
    python: str | None = None
    overwrite: bool = False


@dataclass(frozen=True)
class Unpacking:
    """A checkpoint made from a packed file; loaded by upstream's own code, it has the same bits.

    Attributes:
        layers: the number of packed layers.
        tensors: the number of other tensors.
        digest: SHA-256 of the kernels in float32, the same as that of `pack`.
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
        place: the workspace that the checkpoint was trained in, or a similar one.
        request: the files and the options.
        cache: the cache folder.
        watch: called with each step.

    Raises:
        UsageError: the checkpoint does not exist.
        NoWorkspaceError: `place` is no workspace.
        ConflictError: `out` exists already.
        YolopatchError: the checkpoint has no kernels to pack, or cannot be read; nothing was written.
    """
    require_file(request.weights, "checkpoint", "name the best.pt or last.pt that upstream's trainer saved")

    def probe_request(workspace: Workspace, out: Path) -> wire.PackRequest:
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
    workspace, answer = _write(place, request, probe_request, cache, how, watch)
    return Packing(workspace, request.weights, request.out, **vars(answer))


def unpack(place: Path, request: UnpackRequest, cache: Path, watch: Watch) -> Unpacking:
    """Write the checkpoint of a packed file, in upstream's own form.

    Raises:
        as `pack`; YolopatchError for a file that `pack` did not write.
    """
    require_file(request.weights, "packed file", "make one: yolopatch pack WORKSPACE --weights best.pt --out FILE")
    if request.out.suffix != ".pt":
        raise UsageError(f"--out {request.out}: upstream loads only .pt files", hint="e.g. --out restored.pt")

    def probe_request(workspace: Workspace, out: Path) -> wire.UnpackRequest:
        return wire.UnpackRequest(
            workspace=str(workspace.path),
            style=style_of(workspace.pin),
            weights=str(request.weights.absolute()),
            out=str(out),
        )

    how = _How(UNPACK, wire.UnpackAnswer, "unpacking", _UNPACK_STEPS)
    workspace, answer = _write(place, request, probe_request, cache, how, watch)
    return Unpacking(workspace, request.weights, request.out, **vars(answer))


@dataclass(frozen=True)
class _How(Generic[Answer]):
    """A task of the probe: the type of its answer, its name in messages, and its number of steps."""

    task: Task[Any]
    answer: type[Answer]
    what: str
    steps: int


def _write(
    place: Path,
    request: PackRequest | UnpackRequest,
    probe_request: Callable[[Workspace, Path], object],
    cache: Path,
    how: _How[Answer],
    watch: Watch,
) -> tuple[Path, Answer]:
    """Let the probe write the file, and move it to `out`; return the workspace and the probe's answer."""
    require_free(request.out, request.overwrite)
    workspace = read_workspace(place.absolute())
    _require_module(workspace)
    interpreter = find_interpreter_in(workspace, request.python, cache)
    with staged(request.out.absolute()) as out:
        answer = ask_in_workspace(
            how.task,
            probe_request(workspace, out),
            workspace.path,
            interpreter,
            how.answer,
            what=how.what,
            watch=watch,
            steps=how.steps,
        )
    return workspace.path, answer


def _require_module(workspace: Workspace) -> None:
    found = next((one.flavor for one in workspace.applied if one.name == MODULE), None)
    if found == "paper":
        return
    modules = ", ".join(f"{one.name} ({one.flavor})" for one in workspace.applied) or "no module"
    why = "does not quantise: its kernels are floats" if found else "is not in it"
    raise YolopatchError(
        f"{workspace.path} has no layers to pack: {MODULE} {f'in the flavor {found} ' if found else ''}{why}",
        details=[f"expected: {MODULE} (paper)", f"found:    {modules}"],
        hint=f"make a workspace with it: yolopatch apply --repo {workspace.pin.name} --module {MODULE} --dest DIR",
    )


def _ratio(layers: Sequence[wire.PackedLayer]) -> dict[str, object]:
    before, after = sum(layer.float32 for layer in layers), sum(layer.packed for layer in layers)
    return {"float32": before, "packed": after, "ratio": _round(before / after)}


def _round(ratio: float) -> float:
    return round(ratio, 3)
