"""`port`: make the patches for a release without a pin, check them, and test them on models."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from yolopatch.catalog.checkpoint.stamps import STAMP_LINES
from yolopatch.catalog.kinds import FORK
from yolopatch.catalog.model.models import ALL_SCALES, find_model
from yolopatch.catalog.module import Module
from yolopatch.catalog.modules import MODULES, find_module
from yolopatch.catalog.names import unknown
from yolopatch.catalog.pins import PINS, Pin, find_pin
from yolopatch.catalog.resources import fork_source, source_file
from yolopatch.core.model.cfg_text import Cfg, render_text
from yolopatch.core.own.porting import port_own, unreadable_own
from yolopatch.core.port.porting import (
    CONFLICT,
    PORTED,
    STAMP,
    Outcome,
    base_file,
    check_release,
    newest_family,
    other_families,
    port_module,
    port_stamp,
    with_compile_conflicts,
    with_conflicts,
)
from yolopatch.core.port.proof import Proof
from yolopatch.core.text import blob_id, sha256
from yolopatch.core.workspace.manifest import format_manifest
from yolopatch.errors import UsageError, YolopatchError
from yolopatch.outside.files.keeping import keeping
from yolopatch.outside.files.templates import load_templates
from yolopatch.outside.own.own_catalog import load_own_catalog, write_pin
from yolopatch.outside.source.bases import YOLOV5
from yolopatch.outside.source.releases import Release, find_release
from yolopatch.outside.source.store import pristine
from yolopatch.outside.watch import Watch
from yolopatch.steps.environment.interpreters import find_interpreter
from yolopatch.steps.own.patch import own_paste
from yolopatch.steps.port.proving import prove

_YOLOV5_TAG = "yolov5-6.1"  # every tag of yolov5 has its folders and its family


@dataclass(frozen=True)
class PortRequest:
    """The options of `port`.

    Attributes:
        to: `ultralytics==8.4.60`, a git ref, or a path.
        like: the pin whose patches are ported; None for the pin of the release's newest base model.
        modules: names; without any, all modules, the user's own included.
        catalog: the user's own catalog to save in; None to save nothing.
        proves: whether to build and run models.
        python: the interpreter for the models; None to find one.
    """

    to: str
    like: str | None = None
    modules: tuple[str, ...] = ()
    catalog: Path | None = None
    proves: bool = True
    python: str | None = None


@dataclass(frozen=True)
class Port:
    """The patches for a release.

    Attributes:
        pin: the release, as a pin.
        origin: where the release came from.
        outcomes: one for each module and flavor, and the stamp's.
        proofs: one for each built model; None where no model was to be built.
        saved: the catalog in which the pin and its patches were saved, None if they were not.
        notes: what the user should know.
    """

    pin: Pin
    origin: str
    outcomes: tuple[Outcome, ...]
    proofs: tuple[Proof, ...] | None
    saved: Path | None = None
    notes: tuple[str, ...] = ()

    @property
    def failures(self) -> tuple[Proof, ...]:
        """The proofs that failed."""
        return tuple(proof for proof in self.proofs or () if proof.failure)

    @property
    def holds(self) -> bool:
        """Whether no module has a conflict, and no proof failed."""
        return not self.failures and not any(outcome.status == CONFLICT for outcome in self.outcomes)

    def data(self) -> dict[str, object]:
        """Return what the JSON object holds."""
        return {
            "pin": self.pin.name,
            "like": self.pin.like,
            "model": self.pin.model,
            "origin": self.origin,
            # a patch is named by its digest, as in commit messages
            "outcomes": [
                {**asdict(one), "patch": f"sha256:{sha256(one.patch.encode())}" if one.patch else None}
                for one in self.outcomes
            ],
            "proofs": None if self.proofs is None else [asdict(proof) for proof in self.proofs],
            "saved": self.saved,
            "holds": self.holds,
        }


def port(request: PortRequest, cache: Path, watch: Watch) -> Port:
    """Make the patches for a release, check the code that they rely on, and test them on models.

    Args:
        request: the release and the options.
        cache: the cache folder, which keeps downloaded wheels.
        watch: called with each step.

    Raises:
        UsageError: an unknown name, no release of ultralytics, or a pin of yolopatch's own that is to be saved.
        SourceError: the release cannot be downloaded or read.
        YolopatchError: the release has no known base model, or upstream's own model does not build.
    """
    modules = _modules(request)
    like = _find_like(request.like)
    watch("fetching", 1, 2)
    release = find_release(request.to, cache)
    if request.catalog and release.name in PINS and PINS[release.name].home is None:
        raise UsageError(
            f"{release.name} is a pin of yolopatch already: nothing to save",
            hint=f"yolopatch apply --repo {release.name} --module {modules[0].name}",
        )
    pin = as_pin(release, like)
    outcomes = port_all(pin, release, modules)
    proofs = None
    made = [outcome for outcome in outcomes if outcome.status == PORTED]
    if request.proves and any(outcome.flavor for outcome in made):
        python = find_interpreter(PINS[pin.family], request.python, cache).executable
        proofs = prove(pin, release.files, made, python, watch)
    found = Port(pin, release.origin, outcomes, proofs)
    return save(found, release, request.catalog, cache) if request.catalog else found


def _modules(request: PortRequest) -> list[Module]:
    """Return the modules that are ported; a fork is rebuilt from its own files, which the catalog does not have."""
    asked = list(dict.fromkeys(map(find_module, request.modules)))
    fork = next((module for module in asked if module.kind == FORK), None)
    if fork:
        raise UsageError(
            f"{fork.name} is a fork, which is rebuilt from its own files",
            details=[f"it came from: {fork.paper}"],
            hint=f"yolopatch adopt FORK --to {request.to}",
        )
    return asked or [module for module in MODULES.values() if module.kind != FORK]


def as_pin(release: Release, like: Pin | None) -> Pin:
    """Return the release as a pin, with its newest base model, or with that of `like`.

    Raises:
        YolopatchError: the release does not have the model.
    """
    if release.name.startswith(f"{YOLOV5}-"):
        return replace(PINS[_YOLOV5_TAG], name=release.name, git=release.git, like=_YOLOV5_TAG)
    family = like or newest_family(release.texts)
    if family is None or base_file(family) not in release.texts:
        wanted = family.model if family else "YOLOv8, YOLO11 or YOLO26"
        raise YolopatchError(
            f"{release.name} has no base model of {wanted}",
            details=[f"expected: {base_file(family)}"] if family else [],
            hint="name release 8.0.136 or a later one, and with --from a pin whose base model it has",
        )
    others = other_families(family, release.texts)
    return replace(family, name=release.name, git=release.git, wheel=release.wheel, like=family.name, others=others)


def port_all(pin: Pin, release: Release, modules: Sequence[Module]) -> tuple[Outcome, ...]:
    """Return the outcome of each module in each flavor, and the stamp's; no model is run, and torch is not needed."""
    model = find_model(pin.model)
    base = render_text(Cfg(model, ALL_SCALES, model.nc), load_templates())
    shared = check_release(pin, release.texts, base)
    made = [outcome for module in modules for outcome in _port_each(pin, module, release.texts)]
    ours = [*(with_conflicts(outcome, shared) for outcome in made), _port_stamp(pin, release)]
    return with_compile_conflicts(ours, release.texts)


def _port_stamp(pin: Pin, release: Release) -> Outcome:
    return port_stamp(pin, STAMP_LINES[pin.family], fork_source().read_text("utf-8"), release.texts)


def _port_each(pin: Pin, module: Module, texts: Mapping[str, str]) -> list[Outcome]:
    """Return the outcome of each flavor of a module."""
    if not module.tutorial:
        return [_port_own(pin, module, flavor, texts) for flavor in module.flavors]
    source = source_file(module.source).read_text("utf-8")
    return [port_module(pin, module, flavor, source, texts, load_templates()) for flavor in module.flavors]


def _port_own(pin: Pin, module: Module, flavor: str, texts: Mapping[str, str]) -> Outcome:
    """Return the outcome of a module without a tutorial; one that cannot be read does not stop the others."""
    try:
        paste = own_paste(module)
    except YolopatchError as error:
        return unreadable_own(module, flavor, error)
    return port_own(pin, module, flavor, paste, texts, load_templates())


def save(found: Port, release: Release, catalog: Path, cache: Path) -> Port:
    """Save the pin, its manifest and the patches without conflict in the user's catalog, and the release in the cache.

    Returns:
        the port with the catalog, or with a note where nothing could be saved.
    """
    failed = {(proof.module, proof.flavor) for proof in found.failures}
    good = [one for one in found.outcomes if one.status == PORTED and (one.module, one.flavor) not in failed]
    if not any(one.flavor for one in good) or not any(one.module == STAMP for one in good):
        return replace(found, notes=("nothing was saved, because of the conflicts and failed proofs",))
    catalog = Path(os.path.expanduser(catalog)).absolute()
    return replace(found, saved=catalog, notes=_write(found.pin, good, release, catalog, cache))


def save_base(release: Release, catalog: Path, cache: Path) -> Pin:
    """Return the pin of a release; one that is no pin yet is saved in the user's catalog, with its stamp alone.

    Modules of the user's own catalog, of which no patch is stored, can be applied to it.

    Raises:
        YolopatchError: the release has no known base model, or its checkpoints cannot be stamped.
        OSError: it cannot be written; nothing was changed.
    """
    if release.name in PINS:
        return PINS[release.name]
    pin = as_pin(release, None)
    stamp = _port_stamp(pin, release)
    if stamp.status != PORTED:
        raise YolopatchError(
            f"{release.name} cannot be a pin: its checkpoints cannot be stamped",
            details=[
                f"{one.contract}, {one.where}: expected {one.expected}, found {one.found}" for one in stamp.conflicts
            ],
            hint="choose another release: yolopatch adopt --help",
        )
    _write(pin, [stamp], release, catalog, cache)
    return PINS[release.name]


def _write(pin: Pin, good: Sequence[Outcome], release: Release, catalog: Path, cache: Path) -> tuple[str, ...]:
    """Write a pin with its patches, register it, and keep its content; return what is wrong with other entries."""
    write_pin(pin, catalog, _files_of(pin, good, release, catalog))
    notes = load_own_catalog(catalog)
    if release.archive:
        with keeping(catalog), pristine(PINS[pin.name], str(release.archive), cache):
            pass  # now in the cache, so that `apply` needs no network
    return notes


def _files_of(pin: Pin, outcomes: Sequence[Outcome], release: Release, catalog: Path) -> dict[Path, bytes]:
    """Return the manifest of a ported pin and its patches, by path in the catalog."""
    files = {}
    for one in outcomes:
        if one.module in MODULES and MODULES[one.module].is_made_on_demand:
            continue  # made on demand, from the pin's text
        name = STAMP if one.module == STAMP else f"{one.module}-{one.flavor}"
        files[catalog / "patches" / pin.name / f"{name}.patch"] = one.patch.encode()
    manifest = format_manifest({path: blob_id(data) for path, data in release.files.items()})
    return {**files, catalog / "manifests" / f"{pin.name}.txt": manifest.encode()}


def _find_like(name: str | None) -> Pin | None:
    if name is None:
        return None
    pin = find_pin(name)
    known = [one for one, have in PINS.items() if have.home is None and have.layout.style == "ultralytics"]
    if pin is None or pin.name not in known:
        raise unknown("pin of ultralytics", name, known, "yolopatch list pins")
    return pin
