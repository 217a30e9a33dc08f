"""Prove ported patches: in a child process, models with every module build, reach its branch, and run."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from yolopatch.catalog.model.models import find_model
from yolopatch.catalog.modules import MODULES
from yolopatch.catalog.pins import Pin
from yolopatch.core.model.cfg_text import Cfg
from yolopatch.core.patch.compose import compose, touched
from yolopatch.core.patch.parsing import parse_patch
from yolopatch.core.port.porting import Outcome
from yolopatch.core.port.proof import IN_BLOCKS, Proof, judge, proof_places
from yolopatch.errors import YolopatchError
from yolopatch.outside.files.templates import write_cfg
from yolopatch.outside.probe.facts import ask_facts
from yolopatch.outside.watch import Watch
from yolopatch.steps.model.render_request import RenderRequest, plan
from yolopatch.wire.facts import PASSES, ModelFacts, Question

SIDE = 64  # pixels: every layer has a map, and all models of a release run in a minute
SCALE = "n"


@dataclass(frozen=True)
class _Case:
    proof: Proof
    cfg: Cfg


@dataclass(frozen=True)
class _Tree:
    """A release, and the interpreter that runs it."""

    pin: Pin
    files: Mapping[str, bytes]
    python: str


def prove(
    pin: Pin, files: Mapping[str, bytes], outcomes: Sequence[Outcome], python: str, watch: Watch
) -> tuple[Proof, ...]:
    """Build and run a model for each module, flavor and place; the base model beside them.

    Args:
        pin: the release's.
        files: every file of the release, by path.
        outcomes: those with a patch; the stamp's goes under all of them.
        python: the interpreter with upstream's requirements.
        watch: told of each step.

    Raises:
        YolopatchError: upstream's own model of the family does not build there.
    """
    tree = _Tree(pin, files, python)
    stamp = [outcome for outcome in outcomes if not outcome.flavor]
    own = [outcome for outcome in outcomes if outcome.flavor and MODULES[outcome.module].home]
    ours = [outcome for outcome in outcomes if outcome.flavor and outcome not in own]
    flavors = list(dict.fromkeys(outcome.flavor for outcome in ours))
    total = len(flavors) + bool(own)
    found: list[Proof] = []
    for number, flavor in enumerate(flavors, start=1):
        watch(f"proving the flavor {flavor}", number, total)
        found += _prove(tree, stamp, [outcome for outcome in ours if outcome.flavor == flavor])
    if own:
        watch("proving your own modules", total, total)
        found += _prove_own(tree, stamp, own)
    return tuple(found)


def _prove_own(tree: _Tree, stamp: Sequence[Outcome], own: Sequence[Outcome]) -> list[Proof]:
    """Prove modules of the user's own; one that keeps upstream from being imported fails, and no other with it."""
    try:
        return _prove(tree, stamp, own)
    except YolopatchError:
        _prove(tree, stamp, [])  # is it upstream?
    found: list[Proof] = []
    for outcome in own:
        try:
            found += _prove(tree, stamp, [outcome])
        except YolopatchError as error:
            found.append(Proof(outcome.module, outcome.flavor, _places(outcome)[0], failure=_last_line(error)))
    return found


def _prove(tree: _Tree, stamp: Sequence[Outcome], outcomes: Sequence[Outcome]) -> list[Proof]:
    """Prove these in one tree.

    Raises:
        YolopatchError: the base model does not build there.
    """
    with tempfile.TemporaryDirectory(prefix="yolopatch-port-") as folder:
        _lay_out(Path(folder) / "tree", tree.files, [*stamp, *outcomes])
        cases = [_case(tree.pin, outcome, where) for outcome in outcomes for where in _places(outcome)]
        return _prove_cases(tree, Path(folder), cases)


def _places(outcome: Outcome) -> tuple[str, ...]:
    return proof_places(MODULES[outcome.module])


def _lay_out(tree: Path, files: Mapping[str, bytes], outcomes: Sequence[Outcome]) -> None:
    patches = [parse_patch(outcome.patch, outcome.module) for outcome in outcomes]
    originals = {path: files[path].decode() for path in touched(patches)}
    patched = {path: text.encode() for path, text in compose(originals, patches, files).items()}
    for path, data in {**files, **patched}.items():
        (tree / path).parent.mkdir(parents=True, exist_ok=True)
        (tree / path).write_bytes(data)


def _case(pin: Pin, outcome: Outcome, where: str) -> _Case:
    in_blocks = where == IN_BLOCKS
    request = RenderRequest((outcome.module,), pin.model, scales=SCALE, block=in_blocks, flavor=outcome.flavor)
    (cfg,) = plan(request)
    return _Case(Proof(outcome.module, outcome.flavor, where), cfg)


def _prove_cases(tree: _Tree, folder: Path, cases: Sequence[_Case]) -> list[Proof]:
    model = find_model(tree.pin.model)
    base = _question(folder, Cfg(model, SCALE, model.nc), 0)
    questions = [_question(folder, case.cfg, number) for number, case in enumerate(cases, start=1)]

    def asked(those: list[Question]) -> tuple[ModelFacts, ...]:
        return ask_facts(folder / "tree", tree.pin, those, imgsz=SIDE, python=tree.python)

    try:
        first, *answers = asked([base, *questions])
    except YolopatchError:  # one of them does not build: which?
        try:
            (first,) = asked([base])
        except YolopatchError as error:
            raise _unfit(tree.pin, tree.python, error) from error
        return [_judged(case, first, _alone(asked, one)) for case, one in zip(cases, questions)]
    return [_judged(case, first, answer) for case, answer in zip(cases, answers)]


def _unfit(pin: Pin, python: str, error: YolopatchError) -> YolopatchError:
    missing = re.search(r"No module named '(\w+)", " ".join(error.details))
    lacks = f", which lacks {missing[1]}" if missing else ""
    return YolopatchError(
        f"upstream's own {pin.model} does not build in {pin.name} with {python}{lacks}",
        details=error.details[-4:],
        hint="name an interpreter with what this release needs: --python EXE; or leave the proof out: --no-prove",
    )


def _question(folder: Path, cfg: Cfg, number: int) -> Question:
    case_folder = folder / str(number)
    case_folder.mkdir()
    return Question(str(write_cfg(cfg, case_folder)), SCALE, (PASSES,))


def _alone(asked: Callable[[list[Question]], tuple[ModelFacts, ...]], question: Question) -> ModelFacts | str:
    try:
        return asked([question])[0]
    except YolopatchError as error:
        return _last_line(error)


def _last_line(error: YolopatchError) -> str:
    """Return what an interpreter said last."""
    return [error.what, *error.details][-1]


def _judged(case: _Case, base: ModelFacts, answer: ModelFacts | str) -> Proof:
    if isinstance(answer, str):
        return replace(case.proof, failure=answer)
    return judge(case.proof, case.cfg, base, answer)
