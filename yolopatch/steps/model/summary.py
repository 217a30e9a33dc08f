"""`summary`: build a YAML's model and its base model in a child process, and count both."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import zip_longest
from pathlib import Path

from yolopatch.catalog.model.models import find_model
from yolopatch.core.model.cfg_text import Cfg
from yolopatch.outside.files.model_yaml import read_cfg
from yolopatch.outside.files.templates import write_cfg
from yolopatch.outside.probe.facts import ask_facts
from yolopatch.outside.workspace.workspace import read_workspace
from yolopatch.steps.environment.interpreters import find_interpreter
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
    """A YAML's model and its base model."""

    workspace: Path
    cfg: Path
    scale: str
    imgsz: int
    model: Count
    base: Count
    changes: tuple[Change, ...]

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
        cfg: the model YAML.
        scale: its scale; None for the scale in the file or in its name.
        imgsz: side of the square image in pixels.
        python: the interpreter with upstream's requirements; None to find one.
        cache: the cache folder.

    Raises:
        UsageError: the file or the scale does not exist.
        YolopatchError: no interpreter can import upstream; or the model does not build, and upstream's last lines are
            in `details`.
    """
    file = read_cfg(cfg)
    workspace = read_workspace(place.absolute())
    pin = workspace.pin
    own = find_model(pin.model, file.task)
    letter = file.scale_for(own, scale)
    interpreter = find_interpreter(pin, python, cache, compat=workspace.compat is not None, tree=workspace.path)
    with tempfile.TemporaryDirectory(prefix="yolopatch-") as folder:
        base = write_cfg(Cfg(own, letter, file.nc), Path(folder))
        facts = ask_facts(
            workspace.path,
            pin,
            [Question(str(one), letter, (INFO, TRUE_GFLOPS, LATENCY)) for one in (cfg.absolute(), base)],
            imgsz=imgsz,
            python=interpreter.executable,
        )
    model, origin = (_count(answer) for answer in facts)
    return Summary(workspace.path, cfg, letter, imgsz, model, origin, _changes(model, origin))


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
