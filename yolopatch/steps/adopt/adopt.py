"""`adopt`: what a published fork really changes, and its model on a clean release."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath

from yolopatch.core.fork.account import Account, account
from yolopatch.core.fork.certainty import certainty
from yolopatch.outside.watch import Watch, no_watch
from yolopatch.steps.adopt.base import AUTO
from yolopatch.steps.adopt.proof import Proof
from yolopatch.steps.adopt.reading import READING_STEPS, Reading, read
from yolopatch.wire import shell
from yolopatch.wire.fork.models import Built, Unbuilt


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
class AdoptedModel:
    """A model of the fork.

    Attributes:
        cfg: its YAML, by its path in the fork.
        lacking: why it cannot be rebuilt, one sentence each; () if it is.
        proof: what came out; None where nothing was to be built.
    """

    cfg: str
    lacking: tuple[str, ...]
    proof: Proof | None

    @property
    def name(self) -> str:
        """The name of the YAML."""
        return PurePosixPath(self.cfg).name

    @property
    def builds(self) -> bool | None:
        """Whether the fork's own tree builds it as it is; None where nobody tried."""
        return self.proof.builds if self.proof else None

    @property
    def same_as_fork(self) -> bool | None:
        """Whether the rebuilt model is the fork's; None where not both of them were built."""
        return self.proof.agreement.same if self.proof and self.proof.agreement else None

    @property
    def parameters(self) -> int | None:
        """The number of parameters of the fork's model; None where it was not built."""
        return self.proof.fork.parameters if self.proof and isinstance(self.proof.fork, Built) else None

    @property
    def why(self) -> tuple[str, ...]:
        """Why it does not build, was not rebuilt, or differs; a sentence each."""
        return tuple(self._reasons())

    def _reasons(self) -> Iterator[str]:
        yield from self.lacking
        if self.proof is None:
            return
        for one in (self.proof.fork, self.proof.rebuilt):
            if isinstance(one, Unbuilt):
                yield one.why + (f": {one.hint}" if one.hint else "")
        if self.proof.agreement and not self.proof.agreement.same:
            yield self.proof.agreement.what


@dataclass(frozen=True)
class Adoption:
    """What came out for a fork.

    Attributes:
        request: the options.
        reading: what the fork says.
        models: what became of each model that was looked at.
    """

    request: AdoptRequest
    reading: Reading
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
    reading = read(request.fork, request.folder, request.base, request.cfgs, cache, watch, len(READING_STEPS))
    return Adoption(request, reading, ())
