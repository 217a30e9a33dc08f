"""What became of one model of a fork."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

from yolopatch.steps.adopt.proof import Proof
from yolopatch.wire.fork.models import Built, Unbuilt


@dataclass(frozen=True)
class AdoptedModel:
    """A model of the fork.

    Attributes:
        cfg: its YAML, by its path in the fork.
        lacking: why it cannot be rebuilt, one sentence each; () if it is.
        proof: what came out; None where nothing was to be built.
        path: of the YAML for the release, in a workspace; "" where it cannot be rebuilt.
    """

    cfg: str
    lacking: tuple[str, ...]
    proof: Proof | None
    path: str = ""

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
    def scale(self) -> str:
        """The letter of the scale that it was built at; "" for a file without scales, or where it was not built."""
        both = (self.proof.fork, self.proof.rebuilt) if self.proof else ()
        return next((one.scale for one in both if isinstance(one, Built)), "")

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
