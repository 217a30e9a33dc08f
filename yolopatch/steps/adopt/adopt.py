"""`adopt`: what a published fork really changes, and its model on a clean release."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path

from yolopatch.catalog.pins import Pin
from yolopatch.core.fork.changes import ARCHITECTURE, FORMATTING, LEFTOVER, NOTHING, FileChange
from yolopatch.outside.watch import Watch, no_watch
from yolopatch.steps.adopt.base import AUTO
from yolopatch.steps.adopt.proof import Proof, build_fork
from yolopatch.steps.adopt.reading import READING_STEPS, Reading, read
from yolopatch.steps.environment.interpreters import choose_interpreter
from yolopatch.steps.environment.nearest_pin import own_or_nearest_pin
from yolopatch.wire.fork.models import Built


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
        scale: the letter that it was built at; "" for a file without scales.
        proof: what came out; None where nothing was to be built.
    """

    cfg: str
    scale: str
    proof: Proof | None

    @property
    def builds(self) -> bool | None:
        """Whether the fork's own tree builds it as it is; None where nobody tried."""
        return self.proof.builds if self.proof else None

    @property
    def same_as_fork(self) -> bool | None:
        """Whether the rebuilt model is the fork's; None where only one of them was built."""
        return self.proof.agreement.same if self.proof and self.proof.agreement else None

    @property
    def parameters(self) -> int | None:
        """The number of parameters of the fork's model; None where it was not built."""
        return self.proof.fork.parameters if self.proof and isinstance(self.proof.fork, Built) else None


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

    def data(self) -> dict[str, object]:
        """Return what `adopt --json` prints; its keys are a contract."""
        base = self.reading.base
        return {
            "fork": {"name": self.reading.fork.name, "place": self.reading.fork.place, "said": base.said},
            "base": {
                "release": base.name,
                "same": base.same,
                "changed": base.changed,
                "added": base.added,
                "missing": base.missing,
                "equal": list(base.equal),
                "others": [{"release": release, "files": files} for release, files in base.others],
            },
            "changes": [asdict(change) for change in self.reading.changes],
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
