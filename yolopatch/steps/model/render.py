"""`render-cfg`: write the model YAMLs of a request, all of them or none."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from jinja2 import FileSystemLoader

from yolopatch.catalog.model.base_model import DETECT
from yolopatch.catalog.model.models import ALL_SCALES
from yolopatch.catalog.modules import lookup_module
from yolopatch.core.model.cfg_text import Cfg, file_name, is_untouched, render_text, without_comment_lines
from yolopatch.core.model.layout import layer_numbers
from yolopatch.core.templates import template_environment
from yolopatch.errors import ConflictError, UsageError, YolopatchError
from yolopatch.outside.files.model_yaml import read_cfg
from yolopatch.outside.files.staging import write_all
from yolopatch.outside.files.system_errors import advice, number_of
from yolopatch.outside.workspace.workspace import find_workspace
from yolopatch.steps.model.fit import notes_on_classes, notes_on_place, notes_on_releases
from yolopatch.steps.model.render_pin import pin_of_file, pin_of_model
from yolopatch.steps.model.render_request import RenderRequest, find_base, plan
from yolopatch.steps.workspace.held import find_held, not_in_catalog
from yolopatch.wire import shell


@dataclass(frozen=True)
class PlacedModule:
    """A module in a file, and the numbers of its layers there: replaced layers and new ones."""

    module: str
    placement: str
    replaced: tuple[int, ...]
    inserted: tuple[int, ...]


@dataclass(frozen=True)
class RenderedFile:
    """One rendered file.

    Attributes:
        scale: a letter or `all`.
        module: the names of the modules; None for the base model's own file.
        layers: the numbers, in this file, of all layers of modules.
        placed: each module with its own layers.
    """

    path: Path
    model: str
    task: str
    scale: str
    module: str | None
    layers: tuple[int, ...]
    placed: tuple[PlacedModule, ...]


@dataclass(frozen=True)
class RenderResult:
    """The files of one request, and what keeps the workspace that they are in from building them."""

    files: tuple[RenderedFile, ...]
    notes: tuple[str, ...] = ()

    def data(self) -> dict[str, object]:
        """Return what `render-cfg --json` prints; notes go to stderr."""
        return {"files": [asdict(file) for file in self.files]}


def render(request: RenderRequest, templates: Path) -> RenderResult:
    """Write the YAML files of a request, all of them or none.

    Args:
        request: what to render and where.
        templates: the folder of the templates; no template is read from elsewhere.

    Raises:
        UsageError: an unknown name or value, or a layer that the module cannot replace.
        ConflictError: a file of the user's is in the way, or upstream would load it instead.
        YolopatchError: the folder cannot be written.
    """
    _require_in_catalog(request)
    cfgs, told = _plan(request)
    notes = (*told, *notes_on_place(cfgs, request.out), *notes_on_classes(cfgs))
    env = template_environment(FileSystemLoader(templates))
    texts = {request.out / file_name(cfg): render_text(cfg, env) for cfg in cfgs}
    try:
        found = {path: _read(path) for path in texts}
        for path, text in texts.items():
            _require_ours(path, found[path], text)
        for cfg in cfgs:
            for other in _namesakes(cfg):
                _require_same(request.out / file_name(other), render_text(other, env), file_name(cfg))
        write_all({path: text.encode() for path, text in texts.items() if found[path] != text})
    except OSError as error:
        raise YolopatchError(
            f"cannot write the rendered files to {request.out}: {error.strerror or error}",
            details=["nothing was changed"],
            hint=advice(number_of(error), request.out, "name another folder with --out"),
        ) from error
    return RenderResult(tuple(_describe(path, cfg) for path, cfg in zip(texts, cfgs, strict=True)), notes)


def _plan(request: RenderRequest) -> tuple[list[Cfg], tuple[str, ...]]:
    """Return what each file will hold, and what was found out for it."""
    if request.source is None:
        return plan(request, pin_of_model(find_base(request), request.repo, request.out)), ()
    if request.model:
        raise UsageError("--model and --from both name the base model", hint="leave out --model")
    if request.task != DETECT:
        raise UsageError("--task is for --model: of a file, the last layer says the task", hint="leave out --task")
    file = read_cfg(request.source)
    pin, why = pin_of_file(file, request.repo, request.out)
    note = (f"{file.path.name} is taken as a model of {pin.name}, because {why}; --repo names another pin",)
    notes = (*(note if why else ()), *notes_on_releases(file, pin, request.out))
    return plan(request, pin, file), notes


def _require_in_catalog(request: RenderRequest) -> None:
    """Refuse a module of the user's own that only the workspace at `out` has."""
    missing = next((name for name in request.modules if lookup_module(name) is None), None)
    workspace = find_workspace(request.out.absolute()) if missing else None
    held = find_held(workspace, missing) if workspace and missing else None
    if workspace and held:
        raise not_in_catalog(workspace, held)


def _describe(path: Path, cfg: Cfg) -> RenderedFile:
    placed = tuple(
        PlacedModule(one.module.name, one.placement.name, **asdict(layer_numbers(cfg.model, cfg.replacements, one)))
        for one in cfg.replacements
    )
    return RenderedFile(
        path=path,
        model=cfg.model.name,
        task=cfg.model.task,
        scale=cfg.scale,
        module=", ".join(one.module for one in placed) or None,
        layers=tuple(sorted(number for one in placed for number in (*one.replaced, *one.inserted))),
        placed=placed,
    )


def _read(path: Path) -> str | None:
    # lexists: a broken link is in the way, too
    return path.read_text("utf-8", errors="replace") if os.path.lexists(path) else None


def _require_ours(path: Path, found: str | None, text: str) -> None:
    if found is None or found == text or is_untouched(found):
        return
    edited = found.startswith("# Written by yolopatch")
    why = "was edited after yolopatch wrote it" if edited else "was not written by yolopatch"
    rename = shell.move(path, f"{path}.mine")
    raise ConflictError(
        f"{path} {why}, and its content differs; nothing was written",
        hint=f"rename it ({rename}), or name another folder with --out",
    )


def _namesakes(cfg: Cfg) -> Iterator[Cfg]:
    """Yield the files that upstream may load instead of this one.

    For `yolo11n-X.yaml`, upstream loads `yolo11-X.yaml` if the same folder has it.
    """
    if cfg.model.style != "ultralytics" or not cfg.model.has_scales_table:
        return
    if cfg.letter:
        yield replace(cfg, scale=ALL_SCALES)
    else:
        yield from (replace(cfg, scale=letter) for letter in cfg.model.scales)


def _require_same(path: Path, text: str, name: str) -> None:
    found = _read(path)
    if found is not None and without_comment_lines(found) != without_comment_lines(text):
        raise ConflictError(
            f"{path} holds another model than {name} in the same folder would; nothing was written",
            details=["upstream loads the file without a scale letter instead of the file with it"],
            hint="name another folder with --out, or move that file to another folder",
        )
