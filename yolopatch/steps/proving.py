"""Prove ported patches: in a child process, models with every module build, reach its branch, and run."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from yolopatch.catalog.models import find_model
from yolopatch.catalog.pins import Pin
from yolopatch.core.cfg import Cfg
from yolopatch.core.compose import compose, touched
from yolopatch.core.diff import parse_patch
from yolopatch.core.placing import place
from yolopatch.core.porting import Outcome
from yolopatch.errors import YolopatchError
from yolopatch.outside.checking import Watch
from yolopatch.outside.probe import Question, ask
from yolopatch.outside.templates import write_cfg
from yolopatch.steps.request import RenderRequest, plan

SIDE = 64  # pixels: every layer has a map, and all models of a release run in a minute
SCALE = "n"
PLACES = ("layer", "block")


@dataclass(frozen=True)
class Proof:
    """One model that was built with a module.

    Attributes:
        place: `layer` for the module's own layers, `block` for the family's blocks.
        layers: how many layers of the model are the module's.
        parameters: of the model; 0 where it was not built.
        failure: what is wrong; "" where nothing is.
    """

    module: str
    flavor: str
    place: str
    layers: int
    parameters: int
    failure: str = ""


@dataclass(frozen=True)
class _Case:
    outcome: Outcome
    place: str
    cfg: Cfg


def prove(
    pin: Pin, files: Mapping[str, bytes], outcomes: Sequence[Outcome], python: str, watch: Watch
) -> tuple[Proof, ...]:
    """Build and run a model for each module, flavor and place; the base model beside them.

    Args:
        pin: the release's.
        files: every file of the release, by path.
        outcomes: those with a patch; the stamp's goes under all of them.
        python: the interpreter with upstream's requirements.
        watch: told of each flavor.

    Raises:
        YolopatchError: upstream's own model of the family does not build there.
    """
    flavors = list(dict.fromkeys(outcome.flavor for outcome in outcomes if outcome.flavor))
    found: list[Proof] = []
    for number, flavor in enumerate(flavors, start=1):
        watch(f"proving the flavor {flavor}", number, len(flavors))
        chosen = [outcome for outcome in outcomes if outcome.flavor in (flavor, "")]
        with tempfile.TemporaryDirectory(prefix="yolopatch-port-") as folder:
            _lay_out(Path(folder) / "tree", files, chosen)
            cases = [_case(pin, outcome, where) for outcome in chosen if outcome.flavor for where in PLACES]
            found += _prove(pin, Path(folder), cases, python)
    return tuple(found)


def _lay_out(tree: Path, files: Mapping[str, bytes], outcomes: Sequence[Outcome]) -> None:
    patches = [parse_patch(outcome.patch, outcome.module) for outcome in outcomes]
    originals = {path: files[path].decode() for path in touched(patches)}
    patched = {path: text.encode() for path, text in compose(originals, patches, files).items()}
    for path, data in {**files, **patched}.items():
        (tree / path).parent.mkdir(parents=True, exist_ok=True)
        (tree / path).write_bytes(data)


def _case(pin: Pin, outcome: Outcome, where: str) -> _Case:
    request = RenderRequest((outcome.module,), pin.model, scales=SCALE, block=where == "block", flavor=outcome.flavor)
    (cfg,) = plan(request)
    return _Case(outcome, where, cfg)


def _prove(pin: Pin, folder: Path, cases: Sequence[_Case], python: str) -> list[Proof]:
    model = find_model(pin.model)
    base = _question(folder, Cfg(model, SCALE, model.nc), 0)
    questions = [_question(folder, case.cfg, number) for number, case in enumerate(cases, start=1)]

    def asked(those: list[Question]) -> list[dict]:
        return ask(folder / "tree", pin, those, imgsz=SIDE, python=python)

    try:
        first, *answers = asked([base, *questions])
    except YolopatchError:  # one of them does not build: which?
        try:
            (first,) = asked([base])
        except YolopatchError as error:
            raise _unfit(pin, python, error) from error
        answers = [_alone(lambda q=question: asked([q])) for question in questions]
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
    place_of = folder / str(number)
    place_of.mkdir()
    return Question(str(write_cfg(cfg, place_of)), SCALE, ("passes",))


def _alone(ask_one: Callable[[], list[dict]]) -> dict | str:
    try:
        return ask_one()[0]
    except YolopatchError as error:
        return "\n".join([error.what, *error.details])


def _judged(case: _Case, base: Mapping, answer: Mapping | str) -> Proof:
    outcome = case.outcome
    proof = Proof(outcome.module, outcome.flavor, case.place, 0, 0)
    if isinstance(answer, str):
        return replace(proof, failure=answer.splitlines()[-1])
    plain = [layer.module for layer in case.cfg.model.layers]
    expected = [layer.module for layer in place(case.cfg.model, case.cfg.replacements)]
    replaced = {n: name for n, (name, before) in enumerate(zip(expected, plain)) if name != before}
    failure = _wrong_layer(replaced, base, answer) or _wrong_run(outcome, base["passes"], answer["passes"])
    return replace(proof, layers=len(replaced), parameters=answer["parameters"], failure=failure)


def _wrong_layer(replaced: Mapping[int, str], base: Mapping, answer: Mapping) -> str:
    """Return which layer is not the module's where it should be, or not the base's where it should be; "" if none."""
    for row, base_row in zip(answer["table"], base["table"], strict=True):
        number, name = row["index"], row["class"]
        if number in replaced and name != replaced[number]:
            return f"layer {number} is a {name}, not a {replaced[number]}"
        if number not in replaced and row != base_row:
            what = "the head" if base_row is base["table"][-1] else f"layer {number}"
            have, want = (f"a {one['class']} of {one['parameters']:,} parameters" for one in (row, base_row))
            return f"{what} is not the base's: {have}, not {want}"
    return ""


def _wrong_run(outcome: Outcome, base_ran: Mapping, ran: Mapping) -> str:
    """Return what is wrong with what came out of a model, "" where nothing is."""
    if ran["shapes"] != base_ran["shapes"]:
        return f"the outputs have the shapes {ran['shapes']}, not {base_ran['shapes']}"
    if ran["without_gradient"] != base_ran["without_gradient"]:
        strays = sorted(set(ran["without_gradient"]) ^ set(base_ran["without_gradient"]))
        return f"{strays[0]} gets no gradient"
    if outcome.flavor == "paper" and not (ran["finite"] and ran["gradients_finite"]):
        return "the outputs or gradients are not finite"  # what a post's code computes is the post's
    return ""
