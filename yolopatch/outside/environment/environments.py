"""The environments that yolopatch made: in the cache, complete where their stamp is, which is written last."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from yolopatch.catalog.environment.environments import EnvironmentSet
from yolopatch.errors import YolopatchError
from yolopatch.outside.files.lock import hold_lock

STAMP = "yolopatch-environment.json"
_PATIENCE = 3600  # seconds: another process may be downloading gigabytes


@dataclass(frozen=True)
class EnvironmentRecord:
    """What an environment was made as.

    Attributes:
        digest: of the requirements that were installed.
        python: the version of Python it is for, `3.11`.
        torch_index: the index that torch was taken from, without passwords; "" for the ordinary one.
    """

    set: str
    digest: str
    python: str
    torch_index: str
    installer: str


@dataclass(frozen=True)
class Environment:
    """A complete environment."""

    folder: Path
    record: EnvironmentRecord

    @property
    def python(self) -> str:
        """Its interpreter."""
        return str(self.folder / "bin" / "python")


def requirements_digest(wanted: EnvironmentSet) -> str:
    """Return the digest of the set's requirements; another list makes another environment."""
    said = "\n".join(sorted(map(str, wanted.requirements)))
    return hashlib.sha256(said.encode()).hexdigest()[:10]


def complete_environments(wanted: EnvironmentSet, cache: Path) -> Iterator[Environment]:
    """Give the complete environments of the set that fit its requirements of today."""
    digest = requirements_digest(wanted)
    for folder in sorted((cache / "environments").glob(f"{wanted.name}-{digest}-*")):
        made = _read(folder)
        if made and (made.record.set, made.record.digest) == (wanted.name, digest):
            yield made


def environment_folder(record: EnvironmentRecord, cache: Path) -> Path:
    """Return where the environment with this stamp lies."""
    build = f"-{hashlib.sha256(record.torch_index.encode()).hexdigest()[:6]}" if record.torch_index else ""
    return cache / "environments" / f"{record.set}-{record.digest}-py{record.python}{build}"


def ensure_environment(
    record: EnvironmentRecord, cache: Path, fresh: bool, fill: Callable[[Path], None]
) -> tuple[Environment, bool]:
    """Return the environment with this record, and whether it was made now; a half-made one is made again.

    Args:
        fresh: make it again even where it is complete.
        fill: makes it in the folder that it is given, which is not there.

    Raises:
        what `fill` raises; nothing of it is left then, and what was there before is.
    """
    folder = environment_folder(record, cache)
    before = folder.with_name(f".{folder.name}-before")
    with hold_lock(cache / "locks" / f"{folder.name}.lock", _PATIENCE):
        _bring_back(before, folder)
        found = _read(folder)
        if found and not fresh:
            return found, False
        if found:
            folder.rename(before)
        _remove(folder)
        folder.parent.mkdir(parents=True, exist_ok=True)
        try:
            # in its place from the start: an environment's own scripts name the folder that it was made in
            fill(folder)
            (folder / STAMP).write_text(json.dumps(asdict(record), indent=2), encoding="utf-8")
        except BaseException:
            _remove(folder)
            _bring_back(before, folder)
            raise
        _remove(before)
        return Environment(folder, record), True


def _bring_back(before: Path, folder: Path) -> None:
    """Put the complete environment that was to be made again back, unless the new one is complete."""
    if not before.is_dir():
        return
    if _read(folder):
        _remove(before)
    else:
        _remove(folder)
        before.rename(folder)


def require_space(folder: Path, room: int) -> None:
    """Find out that a disk has room before anything is put there.

    Raises:
        YolopatchError: it has not.
    """
    there = next(place for place in (folder, *folder.parents) if place.is_dir())
    free = shutil.disk_usage(there).free
    if free < room:
        raise YolopatchError(
            f"an environment needs about {_gigabytes(room)} in {folder}, and {_gigabytes(free)} are free",
            details=["nothing was made"],
            hint="make room, name another cache folder (export YOLOPATCH_CACHE=DIR), or take the smaller torch for "
            "CPUs: --torch-index https://download.pytorch.org/whl/cpu",
        )


def _gigabytes(size: int) -> str:
    return f"{size / 1e9:.1f} GB"


def _read(folder: Path) -> Environment | None:
    try:
        record = EnvironmentRecord(**json.loads((folder / STAMP).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None  # never ended, or damaged: it is made again
    made = Environment(folder, record)
    return made if Path(made.python).exists() else None


def _remove(folder: Path) -> None:
    (folder / STAMP).unlink(missing_ok=True)  # first: a removal that is killed leaves nothing that looks complete
    shutil.rmtree(folder, ignore_errors=True)
