"""Test ported patches: models with each module must build, use the module's branch in the parser, and run."""

from __future__ import annotations

import re
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
from yolopatch.core.port.proof import IN_BLOCKS, IN_LAYERS, Proof, judge, proof_places
from yolopatch.errors import YolopatchError
from yolopatch.outside.files.held import temporary_folder
from yolopatch.outside.files.templates import write_cfg
from yolopatch.outside.probe.facts import ask_facts
from yolopatch.outside.watch import Watch
from yolopatch.steps.model.render_request import RenderRequest, plan
from yolopatch.wire.facts import PASSES, ModelFacts, Question

SIDE = 64  # pixels: enough for every layer, and all models of a release run in a minute
SCALE = "n"


@dataclass(frozen=True)
class _Case:
    proof: Proof
    cfg: Cfg


@dataclass(frozen=True)
class _Tree:
    """A release, and the interpreter to run it."""

    pin: Pin
    files: Mapping[str, bytes]
    python: str


def prove(
    pin: Pin, files: Mapping[str, bytes], outcomes: Sequence[Outcome], python: str, watch: Watch
) -> tuple[Proof, ...]:
    """Build and run a model for each module, flavor and placement, and the base model.

    Args:
        pin: the release's.
        files: every file of the release, by path.
        outcomes: those with a patch; the stamp's patch is applied in all cases.
        python: the interpreter with upstream's requirements.
        watch: called with each step.

    Raises:
        YolopatchError: upstream's own base model does not build.
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
    """Test the user's own modules; a module with which upstream cannot be imported fails alone."""
    try:
        return _prove(tree, stamp, own)
    except YolopatchError:
        _prove(tree, stamp, [])  # raises if upstream itself is the reason
    found: list[Proof] = []
    for outcome in own:
        try:
            found += _prove(tree, stamp, [outcome])
        except YolopatchError as error:
            place = next(iter(_places(outcome)), IN_LAYERS)
            found.append(Proof(outcome.module, outcome.flavor, place, failure=_last_line(error)))
    return found


def _prove(tree: _Tree, stamp: Sequence[Outcome], outcomes: Sequence[Outcome]) -> list[Proof]:
    """Test these outcomes in one tree.

    Raises:
        YolopatchError: the base model does not build in it.
    """
    with temporary_folder() as folder:
        _write_tree(folder / "tree", tree.files, [*stamp, *outcomes])
        cases = [_case(tree.pin, outcome, where) for outcome in outcomes for where in _places(outcome)]
        return _prove_cases(tree, folder, cases)


def _places(outcome: Outcome) -> tuple[str, ...]:
    return proof_places(MODULES[outcome.module])


def _write_tree(tree: Path, files: Mapping[str, bytes], outcomes: Sequence[Outcome]) -> None:
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

    def build(models: list[Question]) -> tuple[ModelFacts, ...]:
        return ask_facts(folder / "tree", tree.pin, models, imgsz=SIDE, python=tree.python)

    try:
        base_facts, *answers = build([base, *questions])
    except YolopatchError:  # a model does not build: find it
        try:
            (base_facts,) = build([base])
        except YolopatchError as error:
            raise _base_model_error(tree.pin, tree.python, error) from error
        return [_judge(case, base_facts, _build_one(build, one)) for case, one in zip(cases, questions)]
    return [_judge(case, base_facts, answer) for case, answer in zip(cases, answers)]


def _base_model_error(pin: Pin, python: str, error: YolopatchError) -> YolopatchError:
    missing = re.search(r"No module named '(\w+)", " ".join(error.details))
    lacks = f", which lacks {missing[1]}" if missing else ""
    return YolopatchError(
        f"upstream's own {pin.model} does not build in {pin.name} with {python}{lacks}",
        details=error.details[-4:],
        hint="name an interpreter with the libraries of this release: --python EXE; or build no model: --no-prove",
    )


def _question(folder: Path, cfg: Cfg, number: int) -> Question:
    case_folder = folder / str(number)
    case_folder.mkdir()
    return Question(str(write_cfg(cfg, case_folder)), SCALE, (PASSES,))


def _build_one(build: Callable[[list[Question]], tuple[ModelFacts, ...]], question: Question) -> ModelFacts | str:
    try:
        return build([question])[0]
    except YolopatchError as error:
        return _last_line(error)


def _last_line(error: YolopatchError) -> str:
    """Return the last line of an error."""
    return [error.what, *error.details][-1]


def _judge(case: _Case, base: ModelFacts, answer: ModelFacts | str) -> Proof:
    if isinstance(answer, str):
        return replace(case.proof, failure=answer)
    return judge(case.proof, case.cfg, base, answer)
