"""`transplant`: start a patched model from the weights of a base model's checkpoint."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path

from yolopatch.catalog.pins import style_of
from yolopatch.core.model.family import base_of, family_of
from yolopatch.errors import UsageError
from yolopatch.outside.files.existing import BASE_CHECKPOINT_HINT, require_file
from yolopatch.outside.files.model_yaml import find_cfg, read_cfg
from yolopatch.outside.files.staging import staged
from yolopatch.outside.files.writable import require_free
from yolopatch.outside.probe.run import ModelError, ask_in_workspace
from yolopatch.outside.watch import Watch
from yolopatch.outside.workspace.workspace import Workspace, read_workspace
from yolopatch.steps.environment.interpreters import find_interpreter_in
from yolopatch.steps.model.fit import explain_misfit
from yolopatch.wire import checkpoints as wire
from yolopatch.wire.codec import encode
from yolopatch.wire.tasks import TRANSPLANT

HOWS = (wire.COPIED, wire.INITIALISED, wire.FRESH)
SIDE = 320  # pixels: the coarsest feature map has 10 x 10 positions, and the x model runs in seconds
_STEPS = 5


@dataclass(frozen=True)
class TransplantRequest:
    """The options of `transplant`.

    Attributes:
        cfg: the patched model's YAML.
        weights: the base model's checkpoint.
        out: the new checkpoint.
        scale: of the YAML; None for the scale in the file or in its name.
        nc: the number of classes; None for the YAML's.
        images: an image or a folder of images to run the base on; None for the photos in upstream's package.
        python: the interpreter with upstream's requirements; None to find one.
        seed: for random values: fresh tensors, and the differences between experts.
        overwrite: replace an existing file at `out`.
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
    """A patched model's new checkpoint, and where each of its tensors comes from.

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
        """The numbers of copied, initialised and fresh tensors of the model."""
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
    """Write a checkpoint of the patched model with the weights of the base's checkpoint.

    Args:
        place: the workspace whose upstream builds the models.
        request: the files and the options.
        cache: the cache folder.
        watch: called with each step.

    Raises:
        UsageError: a file does not exist, or upstream cannot load a file with the name `out`.
        ConflictError: `out` exists already.
        YolopatchError: the checkpoint is not of this model's base, or cannot be read; nothing was written.
    """
    workspace = read_workspace(place.absolute())
    request = replace(request, cfg=find_cfg(request.cfg, place))
    cfg = read_cfg(request.cfg)
    _check(request)
    family = family_of(cfg)
    base, scale = base_of(cfg, workspace.pin, request.scale)
    interpreter = find_interpreter_in(workspace, request.python, cache)
    with staged(request.out.absolute()) as out:
        try:
            answer = ask_in_workspace(
                TRANSPLANT,
                _probe_request(workspace, request, base.letter(scale), out),
                workspace.path,
                interpreter,
                wire.TransplantAnswer,
                what="transplanting",
                watch=watch,
                steps=_STEPS,
            )
        except ModelError as error:
            raise explain_misfit(error, cfg, family, workspace) from error
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
    require_file(request.weights, "checkpoint", BASE_CHECKPOINT_HINT)
    if request.out.suffix != ".pt":
        raise UsageError(f"--out {request.out}: upstream loads only .pt files", hint="e.g. --out init.pt")
    require_free(request.out, request.overwrite)


def _probe_request(workspace: Workspace, request: TransplantRequest, scale: str, out: Path) -> wire.TransplantRequest:
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
