"""The tasks of the probe: the request, the answers and the function of each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

from . import checkpoints, facts, figures, messages, training, verification
from .fork import models as fork_models
from .python import interpreters

Request = TypeVar("Request")


@dataclass(frozen=True)
class Task(Generic[Request]):
    """One task.

    Attributes:
        name: its name on the wire.
        runs: `module:function` below `probe/`. The function is called with the upstream (if the request is an
            UpstreamRequest), the request, and `emit`, which sends one answer.
        request: the type of its request.
        answers: the types of its answers, in addition to GENERAL.
        before: `module:function` below `probe/`, called with the request before upstream is imported; what it returns
            is the last argument of the task's function. "" for none.
    """

    name: str
    runs: str
    request: type[Request]
    answers: tuple[type, ...]
    before: str = ""

    @property
    def opens_upstream(self) -> bool:
        """Whether the probe imports the workspace's upstream for it."""
        return issubclass(self.request, messages.UpstreamRequest)


GENERAL = (messages.UpstreamOpened, messages.Step, messages.Refused, messages.NotBuilt)

FACTS = Task("facts", "measure.facts:report", facts.FactsRequest, (facts.FactsAnswer,))
COMPARE = Task("compare", "compare.compare:compare", facts.CompareRequest, (facts.CompareAnswer,))
BOXES = Task("boxes", "compare.evaluation:evaluate", training.BoxesRequest, (training.BoxesAnswer,))
GRAPH = Task("graph", "figures.graph:describe", figures.GraphRequest, (figures.GraphAnswer,))
HEAT = Task("heat", "figures.heat:map_heat", figures.HeatRequest, (figures.HeatAnswer,))
VERIFY = Task(
    "verify",
    "checks.verification:verify",
    verification.VerifyRequest,
    (verification.RunsWith, verification.CheckBegun, verification.CheckEnded),
    before="build.reference_process:start",
)
REFERENCE = Task("reference", "measure.reference:make_reference", verification.ReferenceRequest, ())
LOOK_INTO = Task(
    "look-into",
    "checkpoint.look_into:look_into",
    checkpoints.LookRequest,
    (checkpoints.Contents, checkpoints.NoCheckpoint),
)
LOAD = Task("load", "checkpoint.loading:load", checkpoints.LoadRequest, (checkpoints.Loaded,))
TRANSPLANT = Task(
    "transplant", "checkpoint.transplant:transplant", checkpoints.TransplantRequest, (checkpoints.TransplantAnswer,)
)
PACK = Task("pack", "checkpoint.packing:pack", checkpoints.PackRequest, (checkpoints.PackAnswer,))
UNPACK = Task("unpack", "checkpoint.unpacking:unpack", checkpoints.UnpackRequest, (checkpoints.UnpackAnswer,))
DATASET = Task("dataset", "train.dataset_parts:resolve", training.DatasetRequest, (training.DatasetAnswer,))
TRAIN = Task(
    "train",
    "train.training:train",
    training.TrainRequest,
    (training.Resumed, training.SavesTo, training.Arrived, training.TrainingEnded),
)
EVALUATE = Task(
    "evaluate",
    "train.evaluation:evaluate",
    training.EvaluateRequest,
    (training.TrainedModel, training.Validated, training.Prediction, training.Exported),
)
FORK_MODEL = Task(
    "fork-model",
    "fork.model:describe",
    fork_models.ForkModelRequest,
    (fork_models.Built, fork_models.Unbuilt),
)
INTERPRETER = Task(
    "interpreter",
    "environment.interpreter:describe",
    interpreters.InterpreterRequest,
    (interpreters.InterpreterAnswer,),
)
IMPORTS = Task("imports", "environment.imports:find", interpreters.ImportsRequest, (interpreters.ImportsAnswer,))
GPUS = Task("gpus", "environment.gpus:name_gpus", interpreters.GpusRequest, (interpreters.GpusAnswer,))

TASKS = {
    task.name: task
    for task in (
        FACTS,
        COMPARE,
        BOXES,
        GRAPH,
        HEAT,
        VERIFY,
        REFERENCE,
        LOOK_INTO,
        LOAD,
        TRANSPLANT,
        PACK,
        UNPACK,
        DATASET,
        TRAIN,
        EVALUATE,
        FORK_MODEL,
        INTERPRETER,
        IMPORTS,
        GPUS,
    )
}
