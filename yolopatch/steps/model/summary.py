"""`summary`: build a YAML's model and its base model in a child process, and count both."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import zip_longest
from pathlib import Path

from yolopatch.catalog.model.base_model import BaseModel
from yolopatch.core.model.cfg_file import CfgFile
from yolopatch.core.model.cfg_text import Cfg
from yolopatch.core.model.family import base_of, family_of
from yolopatch.outside.files.held import temporary_folder
from yolopatch.outside.files.model_yaml import find_cfg, read_cfg
from yolopatch.outside.files.templates import write_cfg
from yolopatch.outside.probe.facts import ask_facts
from yolopatch.outside.probe.run import ModelError
from yolopatch.outside.workspace.workspace import Workspace, read_workspace
from yolopatch.steps.environment.interpreters import find_interpreter_in
from yolopatch.steps.model.fit import explain_misfit, modules_of, other_family, workspace_command
from yolopatch.wire.facts import INFO, LATENCY, TRUE_GFLOPS, Latency, LayerRow, ModelFacts, Question


@dataclass(frozen=True)
class Count:
    """The figures of one model, with GFLOPs as upstream prints them (thop) and as torch's FlopCounterMode counts."""

    layers: int
    parameters: int
    gradients: int
    gflops_upstream: float | None
    gflops_true: float
    latency: Latency
    table: tuple[LayerRow, ...]

    def data(self) -> dict[str, object]:
        """Return its part of what `summary --json` prints."""
        return {
            "layers": self.layers,
            "parameters": self.parameters,
            "gradients": self.gradients,
            "gflops": {"upstream": self.gflops_upstream, "true": self.gflops_true},
            **self.latency.data(),
            "table": [row.data() for row in self.table],
        }


@dataclass(frozen=True)
class Change:
    """A layer that differs from the base model in its class.

    Attributes:
        layer: its index.
        base: the index of the base's layer that it replaces, None for a new layer.
    """

    layer: int
    base: int | None


@dataclass(frozen=True)
class Summary:
    """A YAML's model and the base model of its family, with what the user should know."""

    workspace: Path
    cfg: Path
    scale: str
    imgsz: int
    model: Count
    base: Count
    changes: tuple[Change, ...]
    notes: tuple[str, ...]

    def data(self) -> dict[str, object]:
        """Return what `summary --json` prints."""
        return {
            "workspace": self.workspace,
            "cfg": self.cfg,
            "scale": self.scale,
            "imgsz": self.imgsz,
            "replaced": [change.layer for change in self.changes if change.base is not None],
            "inserted": [change.layer for change in self.changes if change.base is None],
            **self.model.data(),
            "base": self.base.data(),
        }


def summary(place: Path, cfg: Path, scale: str | None, imgsz: int, python: str | None, cache: Path) -> Summary:
    """Build and count the YAML's model and, in the same workspace, its base model.

    Args:
        place: the workspace whose upstream builds the models.
        cfg: the model YAML, from the current folder or from the workspace.
        scale: its scale; None for the scale in the file or in its name.
        imgsz: side of the square image in pixels.
        python: the interpreter with upstream's requirements; None to find one.
        cache: the cache folder.

    Raises:
        UsageError: the file or the scale does not exist.
        YolopatchError: no interpreter can import upstream; or the model does not build, and upstream's last lines are
            in `details`.
    """
    workspace = read_workspace(place.absolute())
    pin = workspace.pin
    cfg = find_cfg(cfg, place)
    file = read_cfg(cfg)
    family = family_of(file)
    own, size = base_of(file, pin, scale)
    letter = own.letter(size)
    interpreter = find_interpreter_in(workspace, python, cache)
    with temporary_folder() as folder:
        base = write_cfg(Cfg(own, size, file.nc), folder)
        questions = [Question(str(one), letter, (INFO, TRUE_GFLOPS, LATENCY)) for one in (cfg.absolute(), base)]
        try:
            facts = ask_facts(workspace.path, pin, questions, imgsz=imgsz, python=interpreter.executable)
        except ModelError as error:
            raise explain_misfit(error, file, family, workspace) from error
    model, origin = (_count(answer) for answer in facts)
    changes = _changes(model, origin)
    return Summary(workspace.path, cfg, size, imgsz, model, origin, changes, _notes(file, own, workspace))


def _notes(file: CfgFile, own: BaseModel, workspace: Workspace) -> tuple[str, ...]:
    if own.fits(workspace.pin):
        return ()
    command = workspace_command(own.pin, modules_of(file), workspace)
    what = other_family(file.path.name, own.name, workspace)
    return (f"{what}: it may be another network there than in a workspace of its own: {command}",)


def _count(facts: ModelFacts) -> Count:
    info, true, latency = facts.info, facts.true_gflops, facts.latency
    assert info is not None  # the question has all three
    assert true is not None
    assert latency is not None
    return Count(
        layers=info.layers,
        parameters=info.parameters,
        gradients=info.gradients,
        gflops_upstream=info.gflops,
        gflops_true=true,
        latency=latency,
        table=facts.table,
    )


def _changes(model: Count, base: Count) -> tuple[Change, ...]:
    """Return the layers whose classes differ; the order of the other layers is the same in both."""
    ours, theirs = ([row.kind for row in count.table] for count in (model, base))
    steps = SequenceMatcher(None, theirs, ours, autojunk=False).get_opcodes()
    differing = [step[1:] for step in steps if step[0] != "equal"]
    return tuple(
        Change(layer, replaced)
        for base_start, base_end, start, end in differing
        for layer, replaced in zip_longest(range(start, end), range(base_start, base_end))
        if layer is not None
    )
