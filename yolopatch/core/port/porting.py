"""Write the patches of a release, and check what they rely on: text in, typed results out."""

from __future__ import annotations

import ast
import textwrap
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import PurePosixPath

from jinja2.sandbox import SandboxedEnvironment

from yolopatch.catalog.checkpoint.stamps import StampLine
from yolopatch.catalog.kinds import BLOCK, DOWN, POOL, PSA
from yolopatch.catalog.model.base_model import BaseModel
from yolopatch.catalog.model.models import MODELS
from yolopatch.catalog.module import Module
from yolopatch.catalog.pins import PINS, Pin
from yolopatch.core.code.anchors import AnchorNotFound, chain_of
from yolopatch.core.code.module_code import module_changes
from yolopatch.core.patch.compose import check_compiles, compose, touched
from yolopatch.core.patch.parsing import parse_patch
from yolopatch.core.patch.write_patches import stamp_patch, write_module_patch
from yolopatch.core.port.contract import (
    Conflict,
    check_base,
    check_branch,
    check_classes,
    check_conv,
    check_fuse,
    check_taken,
    syntax_conflict,
)
from yolopatch.core.workspace.fork_file import fork_path
from yolopatch.errors import PatchError

PORTED, THERE, CONFLICT = "ported", "already there", "conflict"
STAMP = "stamp"

CONV_FILE = "ultralytics/nn/modules/conv.py"
# The folder of each family's YAMLs, newest first, and the pin that such a release is compared with.
_MODELS_FOLDER = "ultralytics/cfg/models/"
_FAMILIES = {"26": "ultralytics-8.4.0", "11": "ultralytics-8.3.0", "v8": "ultralytics-8.2.50"}


@dataclass(frozen=True)
class Outcome:
    """The result for one patch.

    Attributes:
        module: its name, or `stamp`.
        flavor: of the module; "" for the stamp.
        status: `ported`, `already there` or `conflict`.
        patch: the text of the patch, if it was made.
        conflicts: why it was not made.
    """

    module: str
    flavor: str
    status: str
    patch: str = ""
    conflicts: tuple[Conflict, ...] = ()


def newest_family(paths: Collection[str]) -> Pin | None:
    """Return the pin whose base model is the newest one in a release with these files, or None."""
    found = (PINS[pin] for folder, pin in _FAMILIES.items() if base_file(PINS[pin]) in paths)
    return next(found, None)


def base_file(pin: Pin) -> str:
    """Return the path of the YAML of the pin's base model in ultralytics."""
    folder = next(folder for folder, name in _FAMILIES.items() if PINS[name].model == pin.model)
    return f"{_MODELS_FOLDER}{folder}/{pin.model}.yaml"


def other_families(pin: Pin, paths: Collection[str]) -> tuple[str, ...]:
    """Return the further families of a pin of which a release with these files has a base model."""
    stems = {PurePosixPath(path).stem for path in paths if path.startswith(_MODELS_FOLDER)}
    return tuple(name for name in pin.others if not stems.isdisjoint(_stems(MODELS[name])))


def _stems(model: BaseModel) -> set[str]:
    return {model.stem(), *(model.stem(scale) for scale in model.scales)}


def check_release(pin: Pin, files: Mapping[str, str], base: str) -> tuple[Conflict, ...]:
    """Return the conflicts of the release with every module: in code that all modules use.

    Args:
        files: the texts of the release by path.
        base: the text of the family's YAML as yolopatch writes it.
    """
    parser = pin.layout.parser
    checks = (
        lambda: check_conv(CONV_FILE, files.get(CONV_FILE, "")),
        lambda: check_fuse(parser, files[parser]),
        lambda: check_base(base_file(pin), files[base_file(pin)], base),
    )
    return tuple(conflict for check in checks for conflict in _conflicts_of(check))


def port_module(
    pin: Pin, module: Module, flavor: str, source: str, files: Mapping[str, str], templates: SandboxedEnvironment
) -> Outcome:
    """Write the patch of a module in one flavor for the release, and check everything that it relies on.

    Args:
        pin: the release as a pin.
        source: the text of the module's source file.
        files: the texts of the release by path.
        templates: finds the templates of `upstream/`.
    """
    broken = syntax_conflict(pin.layout.common, files[pin.layout.common])
    if broken:
        return Outcome(module.name, flavor, CONFLICT, conflicts=(broken,))
    try:
        if _has_branch(pin.layout.parser, files[pin.layout.parser], _placed(pin, module)):
            return Outcome(module.name, flavor, THERE)
        added = module_changes(pin, module, flavor, source, files, templates)
        conflicts = check_module(pin, module, added[0].text, added[-1].text, files)
        patch = write_module_patch(pin, module, flavor, added, files)
    except AnchorNotFound as error:
        return Outcome(module.name, flavor, CONFLICT, conflicts=(Conflict.of(error),))
    if conflicts:
        return Outcome(module.name, flavor, CONFLICT, conflicts=conflicts)
    return Outcome(module.name, flavor, PORTED, patch)


def port_stamp(pin: Pin, lines: Sequence[StampLine], source: str, files: Mapping[str, str]) -> Outcome:
    """Write the patch that stamps the checkpoints of the release.

    Args:
        lines: the stamp lines of the pin that the release is compared with.
        source: the text of the new file.
        files: the texts of the release by path.
    """
    if fork_path(pin) in files:
        return Outcome(STAMP, "", THERE)
    try:
        patch = stamp_patch(pin, lines, source, files)
    except AnchorNotFound as error:
        return Outcome(STAMP, "", CONFLICT, conflicts=(Conflict.of(error),))
    return Outcome(STAMP, "", PORTED, patch)


def with_conflicts(outcome: Outcome, conflicts: Iterable[Conflict]) -> Outcome:
    """Return the outcome with these conflicts added; without any conflict, the same outcome."""
    found = tuple(dict.fromkeys((*conflicts, *outcome.conflicts)))
    if not found or outcome.status == THERE:
        return outcome
    return replace(outcome, status=CONFLICT, patch="", conflicts=found)


def check_module(pin: Pin, module: Module, classes: str, branch: str, files: Mapping[str, str]) -> tuple[Conflict, ...]:
    """Return the conflicts of a module: upstream handles or builds the classes that it replaces in another way.

    Args:
        classes: the text of its classes that replace upstream's; "" if they are written from the release's own.
        branch: the text of its branch.
        files: the texts of the release by path.
    """
    parser, common = pin.layout.parser, pin.layout.common
    stand_ins = _stand_ins(pin, module)
    placed = {name: stand_ins[name] for name in _placed(pin, module)}
    names = dict.fromkeys((*module.classes, *stand_ins), f"{module.name} brings its own")
    found = (
        check_branch(parser, files[parser], textwrap.dedent(branch), placed),
        check_classes(common, files[common], classes, stand_ins),
        check_taken({path: text for path, text in files.items() if path.endswith(".py")}, names),
    )
    return tuple(dict.fromkeys(conflict for conflicts in found for conflict in conflicts))


def with_compile_conflicts(outcomes: Sequence[Outcome], files: Mapping[str, str]) -> tuple[Outcome, ...]:
    """Return the outcomes, with a conflict for each patch that does not apply to the release or does not compile.

    Args:
        outcomes: of every module and flavor, and of the stamp.
        files: the texts of the release by path.
    """
    wrong: dict[Outcome, Conflict] = {}
    for flavor in dict.fromkeys(outcome.flavor for outcome in outcomes if outcome.flavor):
        made = [one for one in outcomes if one.status == PORTED and one.flavor in (flavor, "")]
        if _wrong(made, files):
            wrong |= _wrong_ones(made, files)
    return tuple(with_conflicts(one, [wrong[one]] if one in wrong else ()) for one in outcomes)


def _wrong_ones(outcomes: Sequence[Outcome], files: Mapping[str, str]) -> dict[Outcome, Conflict]:
    """Return the conflict of each patch that is wrong alone, or together with the sound ones before it."""
    wrong: dict[Outcome, Conflict] = {}
    sound: list[Outcome] = []
    for one in sorted(outcomes, key=lambda outcome: bool(outcome.flavor)):  # the stamp first: all others need it
        conflict = _wrong([*sound, one], files)
        if conflict:
            wrong[one] = conflict
        else:
            sound.append(one)
    return wrong


def _wrong(outcomes: Sequence[Outcome], files: Mapping[str, str]) -> Conflict | None:
    """Return the conflict of the release with these patches together, or None."""
    try:
        patches = [parse_patch(one.patch, f"of {one.module}") for one in outcomes]
        check_compiles(compose({path: files[path] for path in touched(patches)}, patches, files))
    except PatchError as error:
        return Conflict("the patched files", error.what, "Python that compiles", "; ".join(error.details) or error.what)
    return None


def _conflicts_of(check: Callable[[], Iterator[Conflict]]) -> Iterator[Conflict]:
    try:
        yield from check()
    except AnchorNotFound as error:
        yield Conflict.of(error)


def _placed(pin: Pin, module: Module) -> tuple[str, ...]:
    """Return the classes in the module's branch that replace a class in upstream's first branch."""
    if module.stands_for_conv:
        return (module.bare, module.conv, module.suffixed(pin.block))
    if module.kind == DOWN:
        return (module.bare, module.conv)
    if module.kind == BLOCK:
        return (module.suffixed(pin.block),)
    return tuple(map(module.suffixed, module.stems)) if module.kind in (POOL, PSA) else ()


def _stand_ins(pin: Pin, module: Module) -> dict[str, str]:
    """Return, for each class of the module, the class of upstream that it replaces."""
    if module.stands_for_conv:
        stems = ("Conv", "Bottleneck", pin.block, *(("C3k",) if pin.block == "C3k2" else ()))
        return {module.bare: "Conv", **{module.suffixed(stem): stem for stem in stems}}
    stem = {DOWN: "Conv", BLOCK: pin.block}.get(module.kind, module.role.layer)
    return dict.fromkeys(_placed(pin, module), stem)


def _has_branch(path: str, parser: str, names: Iterable[str]) -> bool:
    return _tested(path, parser).issuperset(names)


@lru_cache(maxsize=8)
def _tested(path: str, parser: str) -> frozenset[str]:
    """Return every name in parse_model."""
    return frozenset(node.id for node in ast.walk(chain_of(path, parser).function) if isinstance(node, ast.Name))
