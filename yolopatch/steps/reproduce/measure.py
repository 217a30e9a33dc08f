"""Measure a reproduction's model: count it at every scale, and verify it at the post's scale."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from dataclasses import replace

from yolopatch.catalog.environment.libraries import named_versions
from yolopatch.catalog.model.models import ALL_SCALES
from yolopatch.core.model.cfg_text import Cfg
from yolopatch.core.reproduce.reproduction import Figures, Measured
from yolopatch.outside.environment.interpreter import Interpreter
from yolopatch.outside.files.held import temporary_folder
from yolopatch.outside.files.templates import write_cfg
from yolopatch.outside.probe.facts import ask_facts
from yolopatch.outside.watch import Watch
from yolopatch.outside.workspace.lock import hold_workspace
from yolopatch.outside.workspace.workspace import Workspace
from yolopatch.steps.environment.faults import ERROR, find_faults
from yolopatch.steps.reproduce.reproduce import tutorial_cfg, write_page
from yolopatch.steps.reproduce.reproduction import Reproduction
from yolopatch.steps.verify.verify import verify
from yolopatch.wire.facts import INFO, TRUE_GFLOPS, ModelFacts, Question

SIDE = 640  # pixels, as for upstream's own figures


def measure_model(reproduction: Reproduction, watch: Watch) -> Reproduction:
    """Measure the model, unless this was done before; write the figures into the page and the record.

    Args:
        reproduction: the reproduction.
        watch: called with each step.

    Returns:
        the reproduction with the figures; without them, and with a note, where the interpreter cannot run upstream.

    Raises:
        YolopatchError: the model does not build.
    """
    if reproduction.measured:
        return reproduction
    reason = _why_not_measured(reproduction)
    with hold_workspace(reproduction.workspace.path):
        if reason:
            return write_page(replace(reproduction, notes=(*reproduction.notes, reason)), reason)
        watch("every scale", 1, 2)
        figures = count_scales(reproduction.workspace, tutorial_cfg(reproduction), reproduction.interpreter)
        verified, environment = verify_file(reproduction, watch)
        record = replace(reproduction.record, measured=Measured(reproduction.of, figures, verified, environment))
        return write_page(replace(reproduction, record=record), "")


def _why_not_measured(reproduction: Reproduction) -> str:
    """Return why the interpreter cannot import upstream, "" where it can."""
    faults = find_faults(
        reproduction.workspace.pin, reproduction.record.compat, reproduction.interpreter, reproduction.workspace.path
    )
    fatal = next((one for one in faults if one.severity == ERROR and one.stage == "import"), None)
    if fatal is None:
        return ""
    return f"nothing was measured: in {reproduction.interpreter.executable}, {fatal.what}; next: {fatal.hint}"


def count_scales(workspace: Workspace, cfg: Cfg, interpreter: Interpreter) -> dict[str, Figures]:
    """Build the YAML's model at every scale of its family, and count each.

    Raises:
        YolopatchError: a model does not build.
    """
    with temporary_folder() as folder:
        questions = [
            Question(str(write_cfg(one, folder)), scale, (INFO, TRUE_GFLOPS)) for scale, one in _each_scale(cfg).items()
        ]
        answers = ask_facts(workspace.path, workspace.pin, questions, imgsz=SIDE, python=interpreter.executable)
    return {scale: _figures(answer) for scale, answer in zip(cfg.model.scales, answers)}


def _each_scale(cfg: Cfg) -> Mapping[str, Cfg]:
    # with a scales table, one file is built at each scale; for an upstream without it, each scale is a file
    if cfg.model.has_scales_table:
        return dict.fromkeys(cfg.model.scales, replace(cfg, scale=ALL_SCALES))
    return {scale: replace(cfg, scale=scale) for scale in cfg.model.scales}


def _figures(answer: ModelFacts) -> Figures:
    info, true = answer.info, answer.true_gflops
    assert info is not None  # the question has both
    assert true is not None
    printed = None if info.gflops is None else round(info.gflops, 1)  # as upstream prints it
    return Figures(info.layers, info.parameters, info.gradients, printed, round(true, 3))


def verify_file(reproduction: Reproduction, watch: Watch) -> tuple[dict[str, object], dict[str, object]]:
    """Verify the YAML's model at the post's scale; return the results for the record, and the environment."""
    scale, python = reproduction.recipe.scale, reproduction.interpreter.executable
    found = verify(reproduction.workspace.path, reproduction.cfg, scale, watch=watch, python=python, imgsz=SIDE)
    checks = [{"id": one.id, "status": one.status, "summary": one.summary} for one in found.checks]
    kept = {"scale": scale, "imgsz": SIDE, "verdict": found.verdict, "checks": checks}
    return kept, {
        **found.run,
        "system": platform.system(),
        "packages": named_versions(reproduction.interpreter.packages),
    }
