"""`adopt`: what a published fork really changes, and its model on a clean release."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path

from yolopatch.catalog.kinds import KINDS
from yolopatch.core.fork.account import Account, account
from yolopatch.core.fork.certainty import certainty
from yolopatch.core.fork.naming import module_name_of
from yolopatch.core.fork.rebuild.rebuild import rebuild
from yolopatch.core.fork.rebuild.result import Rebuilt
from yolopatch.errors import UsageError
from yolopatch.outside.files.model_yaml import read_cfg
from yolopatch.outside.own.own_catalog import own_catalog_dir
from yolopatch.outside.source.releases import Release
from yolopatch.outside.watch import Watch, no_watch
from yolopatch.steps.adopt.areas import require_areas
from yolopatch.steps.adopt.base import AUTO, content_of
from yolopatch.steps.adopt.making import MadeWorkspace, check_areas, check_destination, make_workspace
from yolopatch.steps.adopt.model import AdoptedModel
from yolopatch.steps.adopt.reading import Reading, read
from yolopatch.steps.adopt.trying import build_models, compare_models
from yolopatch.steps.environment.interpreters import choose_interpreter
from yolopatch.steps.environment.nearest_pin import pin_near
from yolopatch.steps.verify.verify import Verification, verify
from yolopatch.wire import shell
from yolopatch.wire.fork.models import Built, Unbuilt
from yolopatch.wire.statuses import FAIL


@dataclass(frozen=True)
class AdoptRequest:
    """The options of `adopt`.

    Attributes:
        fork: a folder, a git repository or an archive.
        folder: the folder in it with the package; None to find it.
        base: the release that it began from, or `auto`.
        cfgs: its model YAMLs that are looked at; empty for the main one.
        builds: whether models are built.
        python: the interpreter with upstream's requirements; None to find one.
        to: another release on which the models are rebuilt, too; None for the base alone.
        dest: the folder of the workspace that is made; None to make none.
        areas: what else of the fork than its architecture gets into the workspace.
        verifies: whether all checks of `verify` are run on the models of the workspace.
        name: of the module in the user's catalog; None for that of the fork.
        catalog: the user's own catalog; None for the usual one.
    """

    fork: str
    folder: str | None = None
    base: str = AUTO
    cfgs: tuple[str, ...] = ()
    builds: bool = True
    python: str | None = None
    to: str | None = None
    dest: Path | None = None
    areas: tuple[str, ...] = ()
    verifies: bool = False
    name: str | None = None
    catalog: Path | None = None


@dataclass(frozen=True)
class Target:
    """The models of a fork on another release than its own.

    Attributes:
        release: the name of the release.
        models: what became of each model.
    """

    release: str
    models: tuple[AdoptedModel, ...]


@dataclass(frozen=True)
class Adoption:
    """What came out for a fork.

    Attributes:
        request: the options.
        reading: what the fork says.
        rebuilt: the module with what its models need; None where no model was chosen.
        models: what became of each model that was looked at.
        target: the models on another release; None where none was asked for.
        made: the workspace, of that release where there is one; None where none was asked for.
        unmade: why there is no workspace although one was asked for; "" else.
        verified: what `verify` says of the models of the workspace; empty where nobody asked.
    """

    request: AdoptRequest
    reading: Reading
    rebuilt: Rebuilt | None
    models: tuple[AdoptedModel, ...]
    target: Target | None = None
    made: MadeWorkspace | None = None
    unmade: str = ""
    verified: tuple[Verification, ...] = ()

    @cached_property
    def account(self) -> Account:
        """What the fork changes, sorted for a reader."""
        return account(self.reading.changes, self.reading.chosen, self.reading.own, self.reading.given)

    @property
    def certainty(self) -> tuple[str, ...]:
        """How sure the base is, in sentences."""
        return certainty(self.reading.base, self.reading.next_best)

    @property
    def holds(self) -> bool:
        """Whether no rebuilt model differs from the fork's, what was asked for was made, and no check failed."""
        failed = any(one.verdict == FAIL for one in self.verified)
        return self.verdict is not False and not self.unmade and not failed

    @property
    def verdict(self) -> bool | None:
        """Whether all models that were compared are the fork's; None where none was."""
        every = (*self.models, *(self.target.models if self.target else ()))
        compared = [model.same_as_fork for model in every if model.same_as_fork is not None]
        return all(compared) if compared else None

    @property
    def headline(self) -> str:
        """What became of the models, in a few words."""
        if not self.models:
            return "read, and nothing was built" if self.reading.chosen else "read, and no model was chosen"
        if self.verdict is None:
            return "not compared: " + next(iter(self.models[0].why), "nothing was built")
        return f"rebuilt on {self.reading.base.name}: " + ("the same model" if self.verdict else "another model")

    @property
    def command(self) -> str:
        """The command that was typed, in full."""
        asked = self.request
        words = ["yolopatch", "adopt", asked.fork]
        words += ["--folder", asked.folder] if asked.folder else []
        words += ["--base", asked.base] if asked.base != AUTO else []
        words += [word for cfg in asked.cfgs for word in ("--cfg", cfg)]
        words += ["--no-build"] * (not asked.builds)
        words += ["--python", asked.python] if asked.python else []
        words += ["--to", asked.to] if asked.to else []
        words += ["--dest", str(asked.dest)] if asked.dest else []
        words += [word for area in asked.areas for word in ("--with", area)]
        words += ["--verify"] * asked.verifies
        words += ["--name", asked.name] if asked.name else []
        return shell.join(words)

    @property
    def notes(self) -> tuple[str, ...]:
        """What the user should know."""
        others = self.reading.fork.elsewhere
        copies = f"it holds other copies of an upstream, too: {', '.join(others)}; --folder names one"
        named = any(model.own for model in self.reading.models)
        idle = f"its parser knows {', '.join(self.reading.idle)}, but no model YAML in it names any of them"
        return (
            *self.reading.fork.notes,
            *((self.reading.lacking,) if self.reading.lacking else ()),
            *((copies,) if others else ()),
            *((idle,) if self.reading.idle and not named else ()),
            *((self.unmade,) if self.unmade else ()),
        )

    @property
    def next_commands(self) -> tuple[str, ...]:
        """What to type next."""
        return tuple(self._next())

    def _next(self) -> Iterator[str]:
        choice = self.reading.choice
        if not self.reading.chosen and choice and choice.among:
            yield f"{self.command} {shell.join(('--cfg', choice.among[0].path))}"
        elif self.made:
            yield from (_verify(self.made, model) for model in self.models if model.path)
        elif any(model.path for model in (self.target.models if self.target else self.models)):
            dest = self.rebuilt.name if self.rebuilt else ""
            yield f"{self.command} {shell.join(('--dest', f'my-{dest.lower()}'))}"

    def data(self) -> dict[str, object]:
        """Return what `adopt --json` prints; its keys are a contract."""
        reading, base = self.reading, self.reading.base
        return {
            "fork": {"name": reading.fork.name, "upstream": reading.fork.upstream, "place": reading.fork.place},
            "base": {
                "release": base.name,
                "same": base.same,
                "changed": base.changed,
                "added": base.added,
                "missing": base.missing,
                "equal": list(base.equal),
                "others": [{"release": release, "files": files} for release, files in base.others],
                "said": base.said,
                "copied": base.commit and asdict(base.commit),
            },
            "classes": [
                {
                    "name": layer.own.name,
                    "path": layer.own.path,
                    "line": layer.own.line,
                    "kind": self._kinds.get(layer.own.name, ""),
                    "used_by": list(layer.layers),
                }
                for layer in self.account.layers
            ],
            "changes": [asdict(change) for change in reading.changes],
            "recommended": [asdict(one) for one in reading.given],
            "models": [*map(_model_data, self.models)],
            "to": self.target and {"release": self.target.release, "models": [*map(_model_data, self.target.models)]},
            "verify": [{"cfg": str(one.cfg), "scale": one.scale, "verdict": one.verdict} for one in self.verified],
            "workspace": self.made.state.workspace if self.made else None,
            "commit": self.made.commit if self.made else None,
            "areas": [
                {"area": one.area, "files": list(one.files), "lacking": list(one.lacking)}
                for one in (self.made.areas if self.made else ())
            ],
        }

    @property
    def _kinds(self) -> dict[str, str]:
        """What each class of the fork stands for, as `add --like` has it; "" for none of upstream's."""
        made = self.rebuilt.made if self.rebuilt else ()
        return {one.name: KINDS[one.kind].word if one.kind else "" for one in made}


def _model_data(model: AdoptedModel) -> dict[str, object]:
    return {
        "cfg": model.cfg,
        "builds": model.builds,
        "parameters": model.parameters,
        "same_as_fork": model.same_as_fork,
        "why": " ".join(model.why),
        "rebuilt": model.path or None,
        "rebuilt_builds": model.rebuilt_builds,
        "scale": model.scale,
    }


def _verify(made: MadeWorkspace, model: AdoptedModel) -> str:
    words = ["yolopatch", "verify", str(made.state.workspace), "--cfg", model.path]
    return shell.join([*words, *(["--scale", model.scale] if model.scale else [])])


def adopt(request: AdoptRequest, cache: Path, watch: Watch = no_watch) -> Adoption:
    """Read a fork, rebuild its models on the release that it began from, and compare them.

    Args:
        request: the fork and the options.
        cache: the cache folder.
        watch: called with each step.

    Raises:
        UsageError, OpenError: nothing of a name is there, or several are.
        SourceError: the fork is damaged or made to do harm, or the release cannot be had.
        ConflictError: the user's own files are in the way of a workspace; nothing was changed.
        YolopatchError: no release has any file of the fork, or the interpreter does not start.
    """
    areas = require_areas(request.areas)
    if request.verifies and request.dest is None:
        raise UsageError("--verify is for the models of a workspace", hint="add --dest DIR")
    if areas and request.dest is None:
        raise UsageError(f"{', '.join(areas)}: these changes get into a workspace", hint="add --dest DIR")
    if request.dest:
        check_destination(request.dest.absolute())
    needed = request.dest is not None
    reading = read(request.fork, request.folder, request.base, request.cfgs, cache, watch, needs_model=needed)
    if not reading.chosen:
        return Adoption(request, reading, None, ())
    if request.dest:
        check_areas(request.dest.absolute(), _module_name(request, reading), reading, areas)
    builder = _builder(request, reading, cache, watch)
    rebuilt, models = builder.on(reading.release)
    found = Adoption(request, reading, rebuilt, models)
    release = reading.release
    if request.to:
        watch("fetching the release of --to", 1, 1)
        release = content_of(request.to, cache)
        rebuilt, models = builder.on(release)
        found = replace(found, target=Target(f"{reading.fork.upstream}=={release.version}", models))
    if request.dest is None:
        return found
    catalog = request.catalog or own_catalog_dir()
    if not any(model.path for model in models):
        return replace(found, unmade=f"no workspace was made, because no model was rebuilt on {release.version}")
    dest = request.dest.absolute()
    found = replace(found, made=make_workspace(rebuilt, reading, release, areas, dest, catalog, cache))
    return replace(found, verified=_verified(request, dest, models, watch)) if request.verifies else found


def _verified(
    request: AdoptRequest, dest: Path, models: Sequence[AdoptedModel], watch: Watch
) -> tuple[Verification, ...]:
    """Run all checks on the models of a workspace; one that was not built is checked at the first scale of its file."""
    wanted = [(model, dest / model.path) for model in models if model.path]
    scales = {model.path: model.scale or next(iter(read_cfg(file).letters), None) for model, file in wanted}
    return tuple(
        verify(dest, file, scales[model.path], watch=watch, python=request.python, checks=()) for model, file in wanted
    )


@dataclass(frozen=True)
class _Builder:
    """Rebuilds the models of a fork on releases.

    Attributes:
        name: of the module.
        reading: what the fork says.
        built: what the fork's own tree gave for each model, by its path; None where no model is to be built.
        python: the interpreter that the user named; None to find one.
    """

    name: str
    reading: Reading
    built: Mapping[str, Built | Unbuilt] | None
    python: str | None
    cache: Path
    watch: Watch

    def on(self, release: Release) -> tuple[Rebuilt, tuple[AdoptedModel, ...]]:
        """Return the models on a release, compared with the fork's."""
        fork, texts = self.reading.fork, {one.path: one.text for one in self.reading.chosen}
        rebuilt = rebuild(self.name, release.files, fork, texts)
        if self.built is None:
            return rebuilt, tuple(AdoptedModel(one.cfg, one.lacking, None, one.path) for one in rebuilt.models)
        python = _interpreter(fork.upstream, release.version, self.python, self.cache)
        models = compare_models(
            self.built, fork.upstream, release.files, rebuilt, self.reading.scale, python, self.watch
        )
        return rebuilt, models


def _builder(request: AdoptRequest, reading: Reading, cache: Path, watch: Watch) -> _Builder:
    built = None
    if request.builds:
        python = _interpreter(reading.fork.upstream, reading.base.release, request.python, cache)
        built = build_models(reading.fork, reading.chosen, reading.scale, python, watch)
    return _Builder(_module_name(request, reading), reading, built, request.python, cache, watch)


def _module_name(request: AdoptRequest, reading: Reading) -> str:
    return request.name or module_name_of(reading.fork.name)


def _interpreter(upstream: str, release: str, named: str | None, cache: Path) -> str:
    return choose_interpreter(pin_near(upstream, release), named, cache).executable
