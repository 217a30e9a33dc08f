"""Prove that a rebuilt model is the fork's: each is built from its own tree, and the two are compared."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from yolopatch.core.fork.agreement import Agreement, compare_built
from yolopatch.core.fork.tree import ForkTree
from yolopatch.outside.files.held import temporary_folder
from yolopatch.outside.probe.fork import PATIENCE, ask_model
from yolopatch.wire.fork.models import OWN_FILE, PACKAGE, Absent, Built, ForkModelRequest, Unbuilt

SIDE = 64  # pixels: two of the coarsest stride


@dataclass(frozen=True)
class Rebuilt:
    """What was rebuilt of a fork for one YAML.

    Attributes:
        tree: the folder of a workspace.
        style: as `style_of` gives it for its pin.
        cfg: the YAML.
    """

    tree: Path
    style: str
    cfg: Path


@dataclass(frozen=True)
class Proof:
    """What came out for one YAML.

    Attributes:
        fork: the fork's model.
        rebuilt: the rebuilt one; None where nothing was rebuilt.
        agreement: how they agree; None unless both were built.
    """

    fork: Built | Unbuilt
    rebuilt: Built | Unbuilt | None
    agreement: Agreement | None

    @property
    def builds(self) -> bool:
        """Whether the fork's own tree builds the model as it is, with what the interpreter has."""
        return isinstance(self.fork, Built) and not self.fork.absent

    @property
    def why(self) -> str:
        """Why it does not, in one sentence; "" where it does."""
        if isinstance(self.fork, Unbuilt):
            return self.fork.why
        first, more = next((one.what for one in self.fork.absent), ""), len(self.fork.absent) - 1
        return first + (f"; {more} more {'is' if more == 1 else 'are'} missing" if more > 0 else "")

    @property
    def hint(self) -> str:
        """What helps; "" where nothing is known to."""
        packages = dict.fromkeys(one.install for one in self.fork.absent if one.install and one.reason == PACKAGE)
        if packages and isinstance(self.fork, Built):
            return f"install what it imports: pip install {' '.join(packages)}"
        return self.fork.hint if isinstance(self.fork, Unbuilt) else ""


def build_fork(
    fork: ForkTree,
    cfg: str,
    text: str,
    *,
    scale: str,
    python: str,
    imgsz: int = SIDE,
    patience: float = PATIENCE,
) -> Built | Unbuilt:
    """Build the model of a YAML from a fork's own tree, which is written into a temporary folder for it.

    Args:
        fork: the fork.
        cfg: the path or the name of the YAML; upstream may take the scale from the name.
        text: the YAML.
        scale: a letter; "" for the one that upstream takes from the file's name, else for the first of the file.
        python: the interpreter with upstream's requirements.
        imgsz: side of the image in pixels; a larger one is taken where the model needs it.
        patience: seconds for each step of the model.

    Raises:
        YolopatchError: the interpreter does not start, or has no torch.
    """
    with temporary_folder() as folder:
        for path, data in fork.files.items():
            file = folder / "tree" / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(data)
        asked = folder / PurePosixPath(cfg).name
        asked.write_bytes(text.encode("utf-8", "surrogateescape"))
        request = ForkModelRequest(str(folder / "tree"), fork.upstream, str(asked), scale, imgsz)
        answer = ask_model(request, python=python, patience=patience)
    return replace(answer, absent=tuple(_found_beside(one, fork) for one in answer.absent))


def _found_beside(absent: Absent, fork: ForkTree) -> Absent:
    """Say of a package that the fork has it, beside the package that is adopted."""
    top = absent.name.partition(".")[0]
    ends = (f"{top}.py", f"{top}/__init__.py")
    home = next((path for path in fork.beside if f"/{path}".endswith(tuple(f"/{end}" for end in ends))), None)
    if home is None or absent.reason != PACKAGE:
        return absent
    what = f"{absent.at} imports {top}, which the fork has in {home}: it works only with that folder on the path"
    return replace(absent, reason=OWN_FILE, what=what, install="")


def prove(
    fork: Built | Unbuilt, rebuilt: Rebuilt, *, python: str, scale: str = "", patience: float = PATIENCE
) -> Proof:
    """Build the rebuilt model at the scale and on the image of the fork's, and compare them.

    Args:
        fork: see `build_fork`.
        rebuilt: the workspace.
        scale: the letter that was asked of the fork, for one that does not build.
        python: the interpreter with upstream's requirements.
        patience: seconds for each step of the model.

    Raises:
        YolopatchError: the interpreter does not start, or has no torch.
    """
    scale, side = (fork.scale, fork.imgsz) if isinstance(fork, Built) else (scale, SIDE)
    request = ForkModelRequest(str(rebuilt.tree), rebuilt.style, str(rebuilt.cfg), scale, side)
    other = ask_model(request, python=python, patience=patience)
    agreement = compare_built(fork, other) if isinstance(fork, Built) and isinstance(other, Built) else None
    return Proof(fork, other, agreement)
