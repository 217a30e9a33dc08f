"""`summary`: build a YAML's model in a child process and count it, beside its base model."""

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
from yolopatch.wire.facts import INFO, TRUE_GFLOPS, LayerRow, ModelFacts, Question


@dataclass(frozen=True)
class Count:
    """One model, counted: GFLOPs as upstream prints them (thop), and true ones (torch FlopCounterMode)."""

    layers: int
    parameters: int
    gradients: int
    gflops_upstream: float | None
    gflops_true: float
    table: tuple[LayerRow, ...]

    def data(self) -> dict[str, object]:
        """Return what `summary --json` prints of it."""
        return {
            "layers": self.layers,
            "parameters": self.parameters,
            "gradients": self.gradients,
            "gflops": {"upstream": self.gflops_upstream, "true": self.gflops_true},
            "table": [row.data() for row in self.table],
        }


@dataclass(frozen=True)
class Change:
    """A layer of another class than the base's; `base` is the layer it stands for, None if it is a new one."""

    layer: int
    base: int | None


@dataclass(frozen=True)
class Summary:
    """A YAML's model beside its base."""

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


def summary(place: Path, cfg: Path, scale: str | None, imgsz: int, python: str) -> Summary:
    """Build and count the YAML's model and, in the same workspace, its base model.

    Args:
        place: the workspace whose upstream builds.
        cfg: the model YAML.
        scale: its scale; None for what the file says or its name carries.
        imgsz: side of the square image in pixels.
        python: the interpreter with upstream's requirements.

    Raises:
        UsageError: there is no such file or scale.
        YolopatchError: the model does not build; upstream's last words are in `details`.
    """
    file = read_cfg(cfg)
    workspace = read_workspace(place.absolute())
    pin = workspace.pin
    own = find_model(pin.model, file.task)
    letter = file.scale_for(own, scale)
    with tempfile.TemporaryDirectory(prefix="yolopatch-") as folder:
        base = write_cfg(Cfg(own, letter, file.nc), Path(folder))
        facts = ask_facts(
            workspace.path,
            pin,
            [Question(str(one), letter, (INFO, TRUE_GFLOPS)) for one in (cfg.absolute(), base)],
            imgsz=imgsz,
            python=python,
        )
    model, origin = (_count(answer) for answer in facts)
    return Summary(workspace.path, cfg, letter, imgsz, model, origin, _changes(model, origin))


def _count(facts: ModelFacts) -> Count:
    info, true = facts.info, facts.true_gflops
    assert info is not None  # both were asked for
    assert true is not None
    return Count(
        layers=info.layers,
        parameters=info.parameters,
        gradients=info.gradients,
        gflops_upstream=info.gflops,
        gflops_true=true,
        table=facts.table,
    )


def _changes(model: Count, base: Count) -> tuple[Change, ...]:
    """Return what differs between the layers' classes, which stand in the same order in both."""
    ours, theirs = ([row.kind for row in count.table] for count in (model, base))
    steps = SequenceMatcher(None, theirs, ours, autojunk=False).get_opcodes()
    differing = [step[1:] for step in steps if step[0] != "equal"]
    return tuple(
        Change(layer, stands_for)
        for base_start, base_end, start, end in differing
        for layer, stands_for in zip_longest(range(start, end), range(base_start, base_end))
        if layer is not None
    )
