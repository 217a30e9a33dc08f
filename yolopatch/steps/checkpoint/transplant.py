"""`transplant`: begin a patched model with what a base checkpoint knows."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from yolopatch.catalog.model.models import find_model
from yolopatch.catalog.pins import style_of
from yolopatch.errors import UsageError
from yolopatch.outside.files.model_yaml import read_cfg
from yolopatch.outside.files.staging import staged
from yolopatch.outside.files.writable import require_free
from yolopatch.outside.probe.run import ask_in_workspace
from yolopatch.outside.watch import Watch
from yolopatch.outside.workspace.workspace import Workspace, read_workspace
from yolopatch.steps.environment.environment import find_environment
from yolopatch.wire import checkpoints as wire
from yolopatch.wire.codec import encode
from yolopatch.wire.tasks import TRANSPLANT

HOWS = (wire.COPIED, wire.INITIALISED, wire.FRESH)
SIDE = 320  # pixels: deep maps still have 10 x 10 positions, and the x model runs in seconds
_STEPS = 5


@dataclass(frozen=True)
class TransplantRequest:
    """What to begin with what.

    Attributes:
        cfg: the patched model's YAML.
        weights: the base's checkpoint.
        out: where the new checkpoint goes.
        scale: of the YAML; None for what the file says or its name carries.
        nc: the number of classes; None for the YAML's.
        images: a folder of images, or one, to run the base on; None for the photographs that upstream ships.
        python: the interpreter with upstream's requirements; None to find one.
        seed: for what is drawn: fresh tensors, and the differences between experts.
        overwrite: replace a file that is at `out`.
    """

    cfg: Path
    weights: Path
    out: Path
    scale: str | None = None
    nc: int | None = None
    images: Path | None = None
    python: str | None = None
    seed: int = 0
    overwrite: bool = False


@dataclass(frozen=True)
class Transplant:
    """A patched model's checkpoint, and where each of its tensors comes from.

    Attributes:
        layers, dropped, unused, outputs, classes, images: as the TransplantAnswer of the probe has them.
    """

    workspace: Path
    cfg: Path
    scale: str
    weights: Path
    out: Path
    layers: tuple[wire.LayerStart, ...]
    dropped: tuple[wire.DroppedLayer, ...]
    unused: tuple[str, ...]
    outputs: wire.Agreement
    classes: wire.ClassCounts
    images: wire.ImageSet

    @property
    def tensors(self) -> dict[str, int]:
        """How many tensors of the model were copied, initialised, and left fresh."""
        counted: Counter[str] = Counter()
        for part in (part for layer in self.layers for part in layer.parts):
            counted[part.how] += len(part.tensors)
        return {how: counted[how] for how in HOWS}

    def data(self) -> dict[str, object]:
        """Return what `transplant --json` prints."""
        return {
            "workspace": self.workspace,
            "cfg": self.cfg,
            "scale": self.scale,
            "weights": self.weights,
            "out": self.out,
            "tensors": self.tensors,
            "outputs": self.outputs.data(),
            "classes": encode(self.classes),
            "images": encode(self.images),
            "layers": [layer.data() for layer in self.layers],
            "dropped": [layer.data() for layer in self.dropped],
            "unused": self.unused,
        }


def transplant(place: Path, request: TransplantRequest, cache: Path, watch: Watch) -> Transplant:
    """Write a checkpoint of the patched model that begins where the base's checkpoint is.

    Args:
        place: the workspace whose upstream builds.
        request: what to begin with what.
        cache: the cache folder.
        watch: told of each step.

    Raises:
        UsageError: a file that is not there, or a name that upstream would not load.
        ConflictError: something is at `out` already.
        YolopatchError: the checkpoint is not the base of this model, or cannot be read; nothing was written.
    """
    cfg = read_cfg(request.cfg)
    _check(request)
    workspace = read_workspace(place.absolute())
    scale = cfg.scale_for(find_model(workspace.pin.model, cfg.task), request.scale)
    interpreter = find_environment(workspace.pin, request.python, cache)
    with staged(request.out.absolute()) as out:
        answer = ask_in_workspace(
            TRANSPLANT,
            _asked(workspace, request, scale, out),
            workspace.path,
            interpreter,
            wire.TransplantAnswer,
            what="transplanting",
            watch=watch,
            steps=_STEPS,
        )
    return Transplant(
        workspace=workspace.path,
        cfg=request.cfg,
        scale=scale,
        weights=request.weights,
        out=request.out,
        layers=answer.layers,
        dropped=answer.dropped,
        unused=answer.unused,
        outputs=answer.outputs,
        classes=answer.classes,
        images=answer.images,
    )


def _check(request: TransplantRequest) -> None:
    if not request.weights.is_file():
        raise UsageError(
            f"there is no checkpoint {request.weights}",
            hint="download the base model's .pt file from upstream's releases, or name one of your own",
        )
    if request.out.suffix != ".pt":
        raise UsageError(f"--out {request.out}: upstream loads only .pt files", hint="e.g. --out init.pt")
    require_free(request.out, request.overwrite)


def _asked(workspace: Workspace, request: TransplantRequest, scale: str, out: Path) -> wire.TransplantRequest:
    return wire.TransplantRequest(
        workspace=str(workspace.path),
        style=style_of(workspace.pin),
        cfg=str(request.cfg.absolute()),
        scale=scale,
        weights=str(request.weights.absolute()),
        out=str(out),
        nc=request.nc,
        side=SIDE,
        images=str(request.images.absolute()) if request.images else None,
        seed=request.seed,
    )
