"""The checks of `verify`, in the order in which they run and are shown."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Check:
    """One check.

    Attributes:
        id: its name on the command line and in reports.
        group: the folder of its file, below `probe/checks/`.
        means: what it means for the user that it passes, in one sentence.
    """

    id: str
    group: str
    means: str

    @property
    def module(self) -> str:
        """The dotted name of its file, below `probe/checks/`."""
        return f"{self.group}.{self.id.replace('-', '_')}"


_STRUCTURE, _BEHAVIOUR, _TRAINING, _DEPLOYMENT = "structure", "behaviour", "training", "deployment"

CHECKS = (
    Check(
        "provenance",
        _STRUCTURE,
        "What you train is what you cite: the code comes from this checkout, and is what its commits say.",
    ),
    Check(
        "build",
        _STRUCTURE,
        "The model can be built at this scale, and each row of the file reaches its class as it is meant.",
    ),
    Check(
        "scale",
        _STRUCTURE,
        "The model is as deep and as wide as its letter says, so it may stand beside published models of that letter.",
    ),
    Check(
        "base-parity",
        _STRUCTURE,
        "The workspace still builds upstream's own model, so a difference that you measure comes from your layers.",
    ),
    Check(
        "only-intended",
        _STRUCTURE,
        "Nothing differs from the base but the layers that you replaced, so a comparison measures these alone.",
    ),
    Check(
        "forward",
        _BEHAVIOUR,
        "The model takes the sizes and batches that validation and prediction will give it.",
    ),
    Check(
        "input-dependence",
        _BEHAVIOUR,
        "The model sees its images: no layer gives the same output for every image.",
    ),
    Check(
        "head",
        _BEHAVIOUR,
        "Boxes come out where the objects are: the head knows how coarse its maps are, and covers the whole image.",
    ),
    Check(
        "gradient-flow",
        _TRAINING,
        "Everything that can be trained is trained: no weight keeps its first value because no gradient reaches it.",
    ),
    Check(
        "trainer-setup",
        _TRAINING,
        "A training changes what you mean it to change: what is fixed stays fixed, and all the rest is trained.",
    ),
    Check(
        "inert",
        _BEHAVIOUR,
        "The module is more than a plain convolution under another name, and each of its parts has an effect.",
    ),
    Check(
        "init",
        _STRUCTURE,
        "A seed gives the same model again, and all of the model goes to a GPU and into a checkpoint.",
    ),
    Check(
        "attributes",
        _STRUCTURE,
        "Upstream's parser does not overwrite a value that the module needs.",
    ),
    Check(
        "flops",
        _DEPLOYMENT,
        "The GFLOPs that upstream prints for your table are what the model computes.",
    ),
    Check(
        "fuse",
        _DEPLOYMENT,
        "Prediction and export, where upstream folds BatchNorm away, use the model that you validated.",
    ),
    Check(
        "precision",
        _BEHAVIOUR,
        "The model bears mixed precision in training, and the float16 in which upstream saves and validates.",
    ),
    Check(
        "checkpoint",
        _DEPLOYMENT,
        "What you save is what you load: a checkpoint, a copy or an EMA of the model is the same model.",
    ),
    Check(
        "batch-independence",
        _BEHAVIOUR,
        "The result for an image does not depend on the images beside it, and a batch of one can be trained.",
    ),
    Check(
        "torchscript",
        _DEPLOYMENT,
        "The TorchScript file that you hand on gives the model's own results.",
    ),
    Check(
        "onnx",
        _DEPLOYMENT,
        "The ONNX file that you hand on gives the model's own results.",
    ),
    Check(
        "determinism",
        _BEHAVIOUR,
        "The same run gives the same result a second time, so a difference between two runs has a cause.",
    ),
    Check(
        "learns",
        _TRAINING,
        "The model can learn at all: its loss falls. How well it learns, only a training shows.",
    ),
    Check(
        "loss",
        _TRAINING,
        "You train with upstream's own loss, or with the loss module that you applied, without another edit of it.",
    ),
    Check(
        "seeds",
        _TRAINING,
        "You know what another seed changes: weights, order and augmentation of images, with workers, too.",
    ),
    Check(
        "memory",
        _DEPLOYMENT,
        "What the model costs in memory beside its base, and which layer costs most. It cannot fail.",
    ),
    Check(
        "latency",
        _DEPLOYMENT,
        "What the model costs in time beside its base, on this machine. It cannot fail; other machines may differ.",
    ),
)
