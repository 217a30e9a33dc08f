"""The checks of `verify`, in the order in which they run and are shown."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Check:
    """One check.

    Attributes:
        id: its name on the command line and in reports.
        group: the folder of its file, below `probe/checks/`.
        proves: what is true if it passes.
    """

    id: str
    group: str
    proves: str

    @property
    def module(self) -> str:
        """The dotted name of its file, below `probe/checks/`."""
        return f"{self.group}.{self.id.replace('-', '_')}"


_STRUCTURE, _BEHAVIOUR, _TRAINING, _DEPLOYMENT = "structure", "behaviour", "training", "deployment"

CHECKS = (
    Check("provenance", _STRUCTURE, "upstream is imported from the workspace, and its files are what its commits say"),
    Check("build", _STRUCTURE, "the model builds at this scale"),
    Check("scale", _STRUCTURE, "depth, width and the channel limit are this scale's, in replaced layers too"),
    Check("base-parity", _STRUCTURE, "the workspace builds the same base model as unchanged upstream does"),
    Check("only-intended", _STRUCTURE, "no layer but the replaced ones differs from the base model's"),
    Check("forward", _BEHAVIOUR, "outputs are finite and of the right shapes, for every batch and image size"),
    Check("input-dependence", _BEHAVIOUR, "the outputs depend on the image"),
    Check("head", _BEHAVIOUR, "the head's strides are those of its maps, and its boxes cover the image"),
    Check("gradient-flow", _TRAINING, "upstream's own loss gives every parameter a gradient"),
    Check("trainer-setup", _TRAINING, "upstream's trainer leaves frozen what is frozen, and trains the rest"),
    Check("inert", _BEHAVIOUR, "a replaced layer does more than a plain convolution does, and uses all of its parts"),
    Check("init", _STRUCTURE, "two builds from one seed are equal and finite, and use no uninitialised memory"),
    Check("attributes", _STRUCTURE, "no module uses names that upstream's parser overwrites"),
    Check("flops", _DEPLOYMENT, "the GFLOPs that upstream prints are the true ones"),
    Check("fuse", _DEPLOYMENT, "upstream's fuse() changes no output"),
    Check("precision", _BEHAVIOUR, "bfloat16 autocast and weights saved as float16 keep the outputs"),
    Check("checkpoint", _DEPLOYMENT, "copies, pickles and upstream's own checkpoints restore the same model"),
    Check("batch-independence", _BEHAVIOUR, "an image's output does not depend on the rest of its batch"),
    Check("torchscript", _DEPLOYMENT, "upstream's TorchScript export computes the same"),
    Check("onnx", _DEPLOYMENT, "upstream's ONNX export computes the same"),
    Check("determinism", _BEHAVIOUR, "a second identical run gives identical results"),
    Check("learns", _TRAINING, "a few optimiser steps lower upstream's own loss"),
    Check("latency", _DEPLOYMENT, "nothing: it measures the forward time of the model and of its base"),
)
