"""What became of one model of a fork."""

from __future__ import annotations

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
    def rebuilt_builds(self) -> bool | None:
        """Whether the rebuilt model builds, also where the fork's own does not; None where nobody tried."""
        return isinstance(self.proof.rebuilt, Built) if self.proof and self.proof.rebuilt else None

    @property
    def parameters(self) -> int | None:
        """The number of parameters of the fork's model, else of the rebuilt one; None where neither was built."""
        return self._built.parameters if self._built else None

    @property
    def scale(self) -> str:
        """The letter of the scale that it was built at; "" for a file without scales, or where it was not built."""
        return self._built.scale if self._built else ""

    @property
    def _built(self) -> Built | None:
        both = (self.proof.fork, self.proof.rebuilt) if self.proof else ()
        return next((one for one in both if isinstance(one, Built)), None)

    @property
    def why(self) -> tuple[str, ...]:
        """Why the fork does not build it, and why it was not rebuilt or differs; a sentence each."""
        return tuple(filter(None, (self.why_not_built, *(self.lacking or (self.why_not_same,)))))

    @property
    def why_not_built(self) -> str:
        """Why the fork's own tree does not build it, with what helps; "" where it does, or nobody tried."""
        if self.proof is None or self.proof.builds:
            return ""
        hint = self.proof.fork.hint if isinstance(self.proof.fork, Unbuilt) else ""
        return self.proof.why + (f" ({hint})" if hint else "")

    @property
    def why_not_same(self) -> str:
        """Why it was not rebuilt, or how it differs from the fork's; "" where it does not, or nobody tried."""
        if self.lacking or self.proof is None:
            return "; ".join(self.lacking)
        if isinstance(self.proof.rebuilt, Unbuilt):
            return self.proof.rebuilt.why
        agreement = self.proof.agreement
        return agreement.what if agreement and not agreement.same else ""
