"""`adopt`: what a published fork really changes, and its model on a clean release."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path

from yolopatch.core.fork.account import Account, account
from yolopatch.core.fork.certainty import certainty
from yolopatch.core.fork.naming import module_name_of
from yolopatch.core.fork.rebuild.rebuild import rebuild
from yolopatch.core.fork.rebuild.result import Rebuilt
from yolopatch.outside.watch import Watch, no_watch
from yolopatch.steps.adopt.base import AUTO
from yolopatch.steps.adopt.model import AdoptedModel
from yolopatch.steps.adopt.reading import Reading, read
from yolopatch.steps.adopt.trying import compare_models
from yolopatch.steps.environment.interpreters import choose_interpreter
from yolopatch.steps.environment.nearest_pin import pin_near
from yolopatch.wire import shell


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
    """

    fork: str
    folder: str | None = None
    base: str = AUTO
    cfgs: tuple[str, ...] = ()
    builds: bool = True
    python: str | None = None


@dataclass(frozen=True)
class Adoption:
    """What came out for a fork.

    Attributes:
        request: the options.
        reading: what the fork says.
        rebuilt: the module with what its models need; None where no model was chosen.
        models: what became of each model that was looked at.
    """

    request: AdoptRequest
    reading: Reading
    rebuilt: Rebuilt | None
    models: tuple[AdoptedModel, ...]

    @cached_property
    def account(self) -> Account:
        """What the fork changes, sorted for a reader."""
        return account(self.reading.changes, self.reading.chosen, self.reading.own)

    @property
    def certainty(self) -> tuple[str, ...]:
        """How sure the base is, in sentences."""
        return certainty(self.reading.base, self.reading.next_best)

    @property
    def holds(self) -> bool:
        """Whether no rebuilt model differs from the fork's."""
        return self.verdict is not False

    @property
    def verdict(self) -> bool | None:
        """Whether all models that were compared are the fork's; None where none was."""
        compared = [model.same_as_fork for model in self.models if model.same_as_fork is not None]
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
            *((copies,) if others else ()),
            *((idle,) if self.reading.idle and not named else ()),
        )

    @property
    def next_commands(self) -> tuple[str, ...]:
        """What to type next."""
        return tuple(self._next())

    def _next(self) -> Iterator[str]:
        choice = self.reading.choice
        if not self.reading.chosen and choice and choice.among:
            yield shell.join(("yolopatch", "adopt", self.request.fork, "--cfg", choice.among[0].path))

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
            },
            "changes": [asdict(change) for change in reading.changes],
            "models": [
                {
                    "cfg": model.cfg,
                    "builds": model.builds,
                    "parameters": model.parameters,
                    "same_as_fork": model.same_as_fork,
                    "why": " ".join(model.why),
                }
                for model in self.models
            ],
        }


def adopt(request: AdoptRequest, cache: Path, watch: Watch = no_watch) -> Adoption:
    """Read a fork, rebuild its models on the release that it began from, and compare them.

    Args:
        request: the fork and the options.
        cache: the cache folder.
        watch: called with each step.

    Raises:
        UsageError, OpenError: nothing of a name is there, or several are.
        SourceError: the fork is damaged or made to do harm, or the release cannot be had.
        YolopatchError: no release has any file of the fork, or the interpreter does not start.
    """
    reading = read(request.fork, request.folder, request.base, request.cfgs, cache, watch)
    if not reading.chosen:
        return Adoption(request, reading, None, ())
    name = module_name_of(reading.fork.name)
    rebuilt = rebuild(name, reading.release.files, reading.fork, {one.path: one.text for one in reading.chosen})
    if not request.builds:
        unbuilt = (AdoptedModel(one.cfg, one.lacking, None, one.text) for one in rebuilt.models)
        return Adoption(request, reading, rebuilt, tuple(unbuilt))
    pin = pin_near(reading.fork.upstream, reading.base.release)
    python = choose_interpreter(pin, request.python, cache).executable
    scale = reading.choice.scale if reading.choice else ""
    models = compare_models(reading.fork, reading.release.files, rebuilt, reading.chosen, scale, python, watch)
    return Adoption(request, reading, rebuilt, models)
