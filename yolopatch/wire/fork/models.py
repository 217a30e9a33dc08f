"""The model of a YAML, built and run from the tree of a fork or from the one that it was rebuilt in."""

from __future__ import annotations

from dataclasses import dataclass

# why a model was not built
PACKAGE = "package"  # another package is missing
EXTENSION = "extension"  # a package is missing that has to be compiled, for CUDA mostly
OWN_FILE = "own-file"  # a file or a name of the fork's own is missing, or not where it is looked for
SYNTAX = "syntax"
OUTDATED = "outdated"  # it was written for another release of a library
PLACE = "place"  # a path of the author's machine
GPU = "gpu"
NETWORK = "network"
PROGRAM = "program"  # it starts, installs or ends something else
CODE = "code"  # anything else that its code raises
CFG = "cfg"  # the file is no model of this tree
TOO_LONG, TOO_LARGE, TOO_MUCH, CRASH = "too-long", "too-large", "too-much", "crash"
REASONS = (PACKAGE, EXTENSION, OWN_FILE, SYNTAX, OUTDATED, PLACE, GPU, NETWORK, PROGRAM, CODE, CFG)
ENDS = (TOO_LONG, TOO_LARGE, TOO_MUCH, CRASH)


@dataclass(frozen=True)
class ForkModelRequest:
    """Build the model of a YAML from a tree, give it weights that depend on no name, and run it.

    Attributes:
        tree: the folder from which upstream is imported.
        style: `ultralytics`, `yolov5` or `yolov5-package`.
        cfg: the path of its YAML.
        scale: a letter; "" for the one that upstream takes from the file's name, else for the first of the file.
        imgsz: side of the square image in pixels; it becomes a multiple of the model's stride.
    """

    tree: str
    style: str
    cfg: str
    scale: str
    imgsz: int


@dataclass(frozen=True)
class Values:
    """What is told of a tensor's values.

    Attributes:
        shape: its sizes.
        digest: two tensors with one digest are equal bit by bit; NaNs count as equal.
        norm: the root of the sum of squares; NaN where a value is.
        sketch: sums of the values under fixed random signs, divided by the norm. Two tensors of one norm are about as
            far apart, relative to it, as their sketches.
    """

    shape: tuple[int, ...]
    digest: str
    norm: float
    sketch: tuple[float, ...]


@dataclass(frozen=True)
class BuiltTensor:
    """A parameter or buffer.

    Attributes:
        name: as in a checkpoint: `model.0.conv.weight`.
        shape: its sizes.
        learned: whether it is a parameter that training changes.
        start: the digest of its values as the model was built, with seed 0.
    """

    name: str
    shape: tuple[int, ...]
    learned: bool
    start: str


@dataclass(frozen=True)
class BuiltLayer:
    """A layer as it was built and run.

    Attributes:
        index: its number, by which other layers name it.
        place: its place among the layers, as in the names of its tensors. It is another one where parse_model counts
            the maps of a backbone as layers.
        sources: the numbers of the layers that it reads; -1 is the image.
        kind: its class.
        parameters: their number.
        outputs: each tensor that it returns, in order, in eval.
        steady: whether it returned the same when the model ran again with other random numbers.
    """

    index: int
    place: int
    sources: tuple[int, ...]
    kind: str
    parameters: int
    outputs: tuple[Values, ...]
    steady: bool


@dataclass(frozen=True)
class Absent:
    """What a tree needs and does not find: a package, or a file or a name of its own.

    Attributes:
        name: a module as it is imported, `timm`, or a name of one, `ultralytics.nn.modules.block:C2f`.
        reason: PACKAGE, EXTENSION, OWN_FILE or OUTDATED.
        what: one sentence.
        at: the line of the tree that needs it, `file:line`.
        install: what pip installs for it; "" where that is not known, or where no package index has it.
    """

    name: str
    reason: str
    what: str
    at: str
    install: str = ""


@dataclass(frozen=True)
class Built:
    """A model that was built and run.

    Attributes:
        kind: its class: `DetectionModel`.
        task: detect, segment, pose, obb or classify.
        scale: the letter that it was built at; "" for a file without scales.
        imgsz: side of the image in pixels.
        parameters: their number.
        tensors: its parameters and buffers, in the order of a checkpoint.
        layers: its layers.
        absent: what the tree does not find, and what this model could be built without. Where there is any, the tree
            does not work as it is.
    """

    kind: str
    task: str
    scale: str
    imgsz: int
    parameters: int
    tensors: tuple[BuiltTensor, ...]
    layers: tuple[BuiltLayer, ...]
    absent: tuple[Absent, ...]


@dataclass(frozen=True)
class Unbuilt:
    """A model that was not built, or not run.

    Attributes:
        reason: one of REASONS or ENDS.
        why: one sentence.
        exception: its type and its message; "" where there is none.
        at: the innermost line that is in the tree, `file:line in function`; "" where none is.
        hint: what to do; "" where nothing can be done.
        absent: what the tree does not find; if that is the reason, the first is what stopped it.
    """

    reason: str
    why: str
    exception: str
    at: str
    hint: str
    absent: tuple[Absent, ...] = ()
