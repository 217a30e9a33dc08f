"""Build a model with a user's module and run it, before the module is called ready."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

from yolopatch.catalog.environment.fix_patches import COMPAT
from yolopatch.catalog.kinds import HEAD, LOSS
from yolopatch.catalog.model.base_model import DETECT
from yolopatch.catalog.model.models import find_model
from yolopatch.catalog.module import FLAVORS, Module
from yolopatch.catalog.pins import PINS, Pin
from yolopatch.catalog.resources import fix_file
from yolopatch.core.model.cfg_text import Cfg
from yolopatch.core.model.layout import Replacement, lay_out_layers
from yolopatch.core.model.placement import choose
from yolopatch.core.own.tried import BUILT, FAILED, NOT_BUILT, Tried
from yolopatch.core.patch.compose import compose, touched
from yolopatch.core.patch.parsing import Patch, parse_patch
from yolopatch.errors import YolopatchError
from yolopatch.outside.files.held import temporary_folder
from yolopatch.outside.files.templates import write_cfg
from yolopatch.outside.git import snapshot
from yolopatch.outside.probe.facts import TooSlowError, ask_facts
from yolopatch.outside.source.store import Pristine, cached
from yolopatch.outside.watch import Watch
from yolopatch.steps.environment.interpreters import find_interpreter
from yolopatch.wire.facts import PASSES, Question

_SMALLEST: Mapping[str, str] = MappingProxyType({})
_SIDE = 256  # pixels: a window as large as the map of P5 fits no smaller image, and models are built with this one
_PATIENCE = 300  # seconds


def try_module(
    module: Module,
    patches: Mapping[str, str],
    cache: Path,
    watch: Watch,
    python: str | None = None,
    scales: Mapping[str, str] = _SMALLEST,
) -> Tried:
    """Build the model of a pin with a module in its usual place, and run it.

    A head that fails is tried on the other pins, too.

    Args:
        module: the module; it need not be in a catalog.
        patches: its patch for each pin that can have it, by the pin's name, best pin first.
        cache: the cache of pins and environments; nothing is fetched.
        watch: called before the model is built.
        python: the interpreter; None to find one.
        scales: by family, the scale to build; a family without one gets n, or no model if others have one.
    """
    if module.kind == LOSS:
        return Tried(NOT_BUILT, why="a loss is no layer of a model")
    if module.misfit:
        return Tried(NOT_BUILT, why=f"no family's model has a place for it: {module.misfit}")
    reasons: list[YolopatchError] = []
    failed: list[Tried] = []
    for name, text in patches.items():
        pin = PINS[name]
        found = cached(pin, cache)
        scale = scales.get(pin.model, "" if scales else "n")
        if found is None or not scale:
            continue
        try:
            executable = find_interpreter(pin, python, cache, compat=_has_compat(pin)).executable
            cfg = _cfg(pin, module, scale)
        except YolopatchError as error:
            reasons.append(error)
            continue
        watch(f"building {pin.model}{scale} with {module.name} for {pin.name}", 1, 1)
        tried = _build(pin, found, cfg, parse_patch(text, module.name), executable)
        if tried.state == BUILT:
            return replace(tried, refused=tuple((one.pin, one.why) for one in failed))
        if tried.state != FAILED or module.kind != HEAD:
            return tried
        failed.append(tried)  # the pins' losses differ in what they take of a head: another one may take it
    if failed:
        return failed[0]
    if not reasons:
        return _without_pin(patches, cache)
    return Tried(NOT_BUILT, why=reasons[0].what, hint=reasons[0].hint)


def _without_pin(patches: Mapping[str, str], cache: Path) -> Tried:
    """Return why no pin was tried: none is in the cache, or none that is there can have the module."""
    there = [pin.name for pin in PINS.values() if cached(pin, cache)]
    if not there:
        return Tried(NOT_BUILT, why="no pin is in the cache", hint="yolopatch apply puts one there")
    hint = "yolopatch apply puts another one there"
    names = ", ".join(there)
    if patches:  # each is of a family in whose model it works at no scale
        return Tried(NOT_BUILT, why=f"it works in no model of the pins in the cache: {names}", hint=hint)
    return Tried(NOT_BUILT, why=f"no pin in the cache can have it: {names}", hint=hint)


def _cfg(pin: Pin, module: Module, scale: str) -> Cfg:
    """Return the pin's model with the module in its usual place.

    Raises:
        UsageError: the model has no such place.
    """
    task = module.stem.lower() if module.stem else DETECT
    model = find_model(pin.model, task).at(scale)
    replacement = Replacement(module, FLAVORS[0], choose(model, module, FLAVORS[0]))
    lay_out_layers(model, (replacement,))
    return Cfg(model, scale, model.nc, (replacement,))


def _build(pin: Pin, pristine: Pristine, cfg: Cfg, patch: Patch, executable: str) -> Tried:
    name = f"{pin.model}{cfg.scale}"
    with temporary_folder() as folder:
        tree = folder / "tree"
        snapshot.write_tree(pristine.repository, snapshot.PRISTINE, tree)
        _apply(tree, pristine, [*_compat(pin), patch])
        question = Question(str(write_cfg(cfg, folder)), cfg.scale, (PASSES,))
        try:
            (facts,) = ask_facts(tree, pin, [question], imgsz=_SIDE, python=executable, patience=_PATIENCE)
        except TooSlowError as error:
            return Tried(NOT_BUILT, why=error.what, hint=error.hint)
        except YolopatchError as error:
            if any(line.startswith("ImportError: ") for line in error.details):
                # a package that the interpreter lacks says nothing of the class
                return Tried(NOT_BUILT, why=error.what, hint=error.hint)
            where = tuple(line.replace(f"{tree}/", "") for line in error.details)
            return Tried(FAILED, pin.name, name, error.what, where, error.hint)
    assert facts.passes is not None  # it was asked for
    if not (facts.passes.finite and facts.passes.gradients_finite):
        return Tried(FAILED, pin.name, name, "its outputs or gradients are not finite")
    return Tried(BUILT, pin.name, name)


def _apply(tree: Path, pristine: Pristine, patches: Sequence[Patch]) -> None:
    originals = snapshot.pristine_reader(pristine.repository, pristine.blobs)(touched(patches))
    for path, text in compose(originals, patches, pristine.blobs).items():
        (tree / path).parent.mkdir(parents=True, exist_ok=True)
        (tree / path).write_text(text, encoding="utf-8", newline="")


def _has_compat(pin: Pin) -> bool:
    return pin.home is None and bool(COMPAT.fixes_of(pin))


def _compat(pin: Pin) -> list[Patch]:
    """Return the patch with which a pin runs on new libraries; it changes no number."""
    if not _has_compat(pin):
        return []
    text = fix_file(pin.name, COMPAT.name).read_text(encoding="utf-8")
    return [parse_patch(text, f"{COMPAT.name}.patch", modifies=True)]
