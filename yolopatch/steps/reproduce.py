"""`reproduce`: a folder that holds a tutorial's workspace, YAML and script, and says what to expect of them."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from jinja2 import FileSystemLoader
from jinja2.sandbox import SandboxedEnvironment

from yolopatch import __version__
from yolopatch.catalog.modules import FLAVORS
from yolopatch.catalog.names import unknown
from yolopatch.catalog.pins import PINS, Pin, resolve_repo
from yolopatch.catalog.recipes import Recipe, departures, find_recipe, on_pin
from yolopatch.catalog.resources import templates_dir
from yolopatch.core.cfg import Cfg, environment, render_text
from yolopatch.core.reproduction import PAGE, WORKSPACE, Measured, Record, digest
from yolopatch.core.reproduction_page import page_text
from yolopatch.core.script import script_text
from yolopatch.errors import ConflictError, YolopatchError
from yolopatch.outside.checking import Watch
from yolopatch.outside.folder import keep, open_folder, save_record
from yolopatch.outside.interpreter import Interpreter
from yolopatch.outside.lock import hold
from yolopatch.outside.workspace import Workspace, read_workspace
from yolopatch.steps.apply import apply
from yolopatch.steps.doctor import ERROR, Ailment, diagnose
from yolopatch.steps.environment import find_environment
from yolopatch.steps.measure import count_scales, verify_file
from yolopatch.steps.patchset import needs_compat
from yolopatch.steps.request import RenderRequest, plan
from yolopatch.steps.state import lock_path


@dataclass(frozen=True)
class ReproduceRequest:
    """What to reproduce, as the command line names it.

    Attributes:
        tutorial: its id.
        flavor: `tutorial` for what the post does, `paper` for the working module.
        dest: the folder; None for one with the tutorial's name here.
        repo: another pin of the same base model than the post's.
        source: where the upstream comes from, as `apply` has it.
        compat: whether the upstream's old code is mended for today's libraries.
        python: the interpreter with upstream's requirements; None to find one.
    """

    tutorial: str
    flavor: str = "tutorial"
    dest: Path | None = None
    repo: str | None = None
    source: str = "auto"
    compat: bool = False
    python: str | None = None


@dataclass(frozen=True)
class Reproduction:
    """What lies in the folder.

    Attributes:
        measured: None where no interpreter could build the model; `notes` say why.
    """

    folder: Path
    recipe: Recipe
    record: Record
    workspace: Workspace
    cfg: Path
    script: Path
    page: Path
    measured: Measured | None
    interpreter: Interpreter
    notes: tuple[str, ...]

    def data(self) -> dict[str, object]:
        """Return what `reproduce --json` prints."""
        return {
            "folder": self.folder,
            "tutorial": self.record.tutorial,
            "flavor": self.record.flavor,
            "pin": self.record.pin,
            "compat": self.record.compat,
            "commit": self.record.commit,
            "workspace": self.workspace.path,
            "cfg": self.cfg,
            "script": self.script,
            "page": self.page,
            "departures": [{"what": one.what, "why": one.why} for one in departures(self.recipe, self.record.flavor)],
            "measured": asdict(self.measured) if self.measured else None,
        }


def reproduce(request: ReproduceRequest, cache: Path, watch: Watch) -> Reproduction:
    """Make the folder, or complete the one that is there.

    Args:
        request: what to reproduce.
        cache: the cache folder.
        watch: told of each step that takes long.

    Raises:
        UsageError: an unknown name.
        ConflictError: the folder holds something else.
        SourceError: no source gave the pin.
        YolopatchError: the model does not build.
    """
    recipe, pin = _chosen(request)
    folder = (request.dest or Path(_folder_name(recipe, request.flavor))).absolute()
    wanted = Record(recipe.tutorial.id, request.flavor, pin.name, request.compat, "", __version__)
    with hold(lock_path(folder, cache)):
        found = open_folder(folder, wanted)
        workspace, notes = _workspace(request, recipe, folder, cache)
        return _Maker(request, recipe, folder, workspace, found, notes).make(
            replace(wanted, commit=workspace.head.id), find_environment(pin, request.python, cache), watch
        )


def _chosen(request: ReproduceRequest) -> tuple[Recipe, Pin]:
    recipe = find_recipe(request.tutorial)
    if request.flavor not in FLAVORS:
        raise unknown("flavor", request.flavor, FLAVORS)
    own = recipe.tutorial.pin
    pin = resolve_repo(request.repo, [own]) if request.repo else PINS[own]
    return on_pin(recipe, pin), pin


def _folder_name(recipe: Recipe, flavor: str) -> str:
    return recipe.tutorial.id if flavor == "tutorial" else f"{recipe.tutorial.id}-{flavor}"


def _workspace(
    request: ReproduceRequest, recipe: Recipe, folder: Path, cache: Path
) -> tuple[Workspace, tuple[str, ...]]:
    """Make the workspace, or read the one that is there, which may have commits and edits of the user's."""
    place = folder / WORKSPACE
    if not place.exists():
        pin = request.repo or recipe.tutorial.pin
        made = apply(pin, [recipe.module], request.flavor, place, request.source, cache, compat=request.compat)
        return read_workspace(place), made.notes
    workspace = read_workspace(place)
    there = {(one.name, one.flavor) for one in workspace.applied}
    mended = request.compat and needs_compat(workspace.pin)
    if there != {(recipe.module, request.flavor)} or (workspace.compat is not None) != mended:
        raise ConflictError(
            f"{place} does not hold {recipe.module} ({request.flavor}) alone",
            details=[f"found: {name} ({flavor})" for name, flavor in sorted(there)]
            + _mend(workspace.compat is not None),
            hint="name another folder with --dest",
        )
    own = [f"{one.id[:12]} {one.subject}" for one in workspace.own_commits]
    mine = [*(f"edited {name}" for name in workspace.edited), *(f"committed {commit}" for commit in own)]
    notes = (f"{place} has changes of yours, which are used: {', '.join(mine)}",) if mine else ()
    return workspace, notes


def _mend(there: bool) -> list[str]:
    return ["found: the compatibility patch"] if there else []


@dataclass(frozen=True)
class _Maker:
    request: ReproduceRequest
    recipe: Recipe
    folder: Path
    workspace: Workspace
    found: Record | None
    notes: tuple[str, ...]

    @property
    def cfg(self) -> Cfg:
        scales = "all" if self.workspace.pin.layout.style == "ultralytics" else self.recipe.scale
        asked = RenderRequest(
            (self.recipe.module,), self.workspace.pin.model, scales=scales, flavor=self.request.flavor
        )
        return plan(asked)[0]

    def make(self, record: Record, interpreter: Interpreter, watch: Watch) -> Reproduction:
        """Write what is missing; the record comes last."""
        env = environment(FileSystemLoader(templates_dir()))
        known = self.found.files if self.found else {}
        sums, edited = keep(self.folder, self._texts(env), known)
        save_record(self.folder, replace(record, files=sums, measured=self.found.measured if self.found else None))
        measured, unfit = self._measured(env, interpreter, watch)
        record = replace(record, files=sums, measured=measured)
        page = {PAGE: page_text(self.recipe, record, self.workspace.origin, unfit, env)}
        page_sums, page_edited = keep(self.folder, page, known)
        record = replace(record, files={**sums, **page_sums})
        save_record(self.folder, record)
        return Reproduction(
            folder=self.folder,
            recipe=self.recipe,
            record=record,
            workspace=self.workspace,
            cfg=self._inside(self.recipe.cfg),
            script=self._inside(self.recipe.script),
            page=self.folder / PAGE,
            measured=measured,
            interpreter=interpreter,
            notes=(*self.notes, *edited, *page_edited, *([unfit] if unfit else [])),
        )

    def _inside(self, path: str) -> Path:
        return self.workspace.path / path

    def _texts(self, env: SandboxedEnvironment) -> Mapping[str, str]:
        return {
            f"{WORKSPACE}/{self.recipe.cfg}": render_text(self.cfg, env),
            f"{WORKSPACE}/{self.recipe.script}": script_text(self.recipe, self.workspace.pin, env),
        }

    def _measured(
        self, env: SandboxedEnvironment, interpreter: Interpreter, watch: Watch
    ) -> tuple[Measured | None, str]:
        """Return what was measured, before or now, or why nothing could be."""
        file = self._inside(self.recipe.cfg)
        of = f"{self.workspace.head.id} {digest(file.read_bytes())}"
        if self.found and self.found.measured and self.found.measured.of == of:
            return self.found.measured, ""
        ailments = diagnose(self.workspace.pin, self.request.compat, interpreter)
        fatal = [one for one in ailments if one.severity == ERROR and one.stage == "import"]
        if fatal:
            return None, f"nothing was measured: in {interpreter.executable}, {fatal[0].what}; next: {fatal[0].hint}"
        watch("every scale", 1, 2)
        figures = count_scales(self.workspace, self.cfg, env, interpreter)
        told, done_with = verify_file(self.workspace.path, file, self.recipe.scale, interpreter, watch)
        return Measured(of, figures, told, done_with), ""


def require_trainable(found: Reproduction) -> None:
    """Find out before training what would fail in it.

    Raises:
        YolopatchError: something would; what and where is in `details`.
    """
    errors = _errors(found, found.record.compat)
    if errors:
        pin, python = found.workspace.pin, found.interpreter.executable
        mended = not found.record.compat and not _errors(found, True)
        raise YolopatchError(
            f"{pin.name} would not train to the end in {python}; nothing was started",
            details=[f"{one.what}{f' ({one.where})' if one.where else ''}" for one in errors],
            hint=_with_compat(found) if mended else errors[0].hint,
        )


def _errors(found: Reproduction, compat: bool) -> list[Ailment]:
    ailments = diagnose(found.workspace.pin, compat, found.interpreter, found.workspace.path)
    return [one for one in ailments if one.severity == ERROR]


def _with_compat(found: Reproduction) -> str:
    """A folder is exact or mended, and stays what it is."""
    record = found.record
    other = shlex.quote(f"{found.folder}-compat")
    return f"yolopatch reproduce {record.tutorial} --flavor {record.flavor} --compat --dest {other} --run"
