"""The environments that yolopatch made, in the cache. The record is written last: without it, one is not complete."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from yolopatch.catalog.environment.environments import EnvironmentSet
from yolopatch.core.plain_json import load_json
from yolopatch.core.typed import require_types
from yolopatch.errors import YolopatchError
from yolopatch.outside.environment.executable import environment_python
from yolopatch.outside.files.folders import move, remove_tree
from yolopatch.outside.files.lock import hold_cache_lock
from yolopatch.wire import shell

STAMP = "yolopatch-environment.json"
_PATIENCE = 3600  # seconds to wait for another process, which may be downloading gigabytes


@dataclass(frozen=True)
class EnvironmentRecord:
    """How an environment was made. It is a JSON file in the environment.

    Attributes:
        set: the name of the set of requirements.
        digest: the digest of the installed requirements.
        python: its version of Python, `3.11`.
        torch_index: the package index of torch, without passwords; "" for the default index.
        installer: `pip` or `uv`.
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
        """The path of its interpreter."""
        return str(environment_python(self.folder))


def requirements_digest(wanted: EnvironmentSet) -> str:
    """Return the digest of the set's requirements; other requirements make another environment."""
    text = "\n".join(sorted(map(str, wanted.requirements)))
    return hashlib.sha256(text.encode()).hexdigest()[:10]


def complete_environments(wanted: EnvironmentSet, cache: Path) -> Iterator[Environment]:
    """Yield the complete environments of the set that have its current requirements."""
    digest = requirements_digest(wanted)
    for folder in sorted((cache / "environments").glob(f"{wanted.name}-{digest}-*")):
        made = _read(folder)
        if made and (made.record.set, made.record.digest) == (wanted.name, digest):
            yield made


def environment_folder(record: EnvironmentRecord, cache: Path) -> Path:
    """Return the folder of the environment with this record."""
    build = f"-{hashlib.sha256(record.torch_index.encode()).hexdigest()[:6]}" if record.torch_index else ""
    return cache / "environments" / f"{record.set}-{record.digest}-py{record.python}{build}"


def ensure_environment(
    record: EnvironmentRecord, cache: Path, keeps: Callable[[Environment], bool], fill: Callable[[Path], None]
) -> tuple[Environment, bool]:
    """Return the environment with this record, and whether it was made now. An incomplete one is made again.

    Args:
        record: how to make it.
        cache: the cache folder.
        keeps: tells whether a complete one is kept; else it is made again.
        fill: makes the environment in the folder that it gets; the folder does not exist yet.

    Raises:
        what `fill` raises; then the older environment is still there, and nothing of the new one.
    """
    folder = environment_folder(record, cache)
    before = folder.with_name(f".{folder.name}-before")
    with hold_cache_lock(cache, folder.name, _PATIENCE):
        _bring_back(before, folder)
        found = _read(folder)
        if found and keeps(found):
            return found, False
        if found:
            move(folder, before)
        _remove(folder)
        folder.parent.mkdir(parents=True, exist_ok=True)
        try:
            # not in another folder first: the scripts of an environment contain the path of its folder
            fill(folder)
            (folder / STAMP).write_text(json.dumps(asdict(record), indent=2), encoding="utf-8")
        except BaseException:
            _remove(folder)
            _bring_back(before, folder)
            raise
        _remove(before)
        return Environment(folder, record), True


def _bring_back(before: Path, folder: Path) -> None:
    """Put the older environment back, unless the new one is complete."""
    if not before.is_dir():
        return
    if _read(folder):
        _remove(before)
    else:
        _remove(folder)
        move(before, folder)


def require_space(folder: Path, room: int) -> None:
    """Check that the disk has enough space.

    Raises:
        YolopatchError: it does not.
    """
    existing = next(parent for parent in (folder, *folder.parents) if parent.is_dir())
    free = shutil.disk_usage(existing).free
    if free < room:
        raise YolopatchError(
            f"an environment needs about {_gigabytes(room)} in {folder}, but only {_gigabytes(free)} are free",
            details=["nothing was made"],
            hint="free some space, install the smaller torch for CPUs with "
            "--torch-index https://download.pytorch.org/whl/cpu, or choose another cache folder: "
            + shell.set_variable("YOLOPATCH_CACHE", "DIR"),
        )


def _gigabytes(size: int) -> str:
    return f"{size / 1e9:.1f} GB"


def _read(folder: Path) -> Environment | None:
    try:
        record = EnvironmentRecord(**load_json((folder / STAMP).read_bytes()))
        require_types(record)
    except (OSError, ValueError, TypeError):
        return None  # not complete, or damaged: it is made again
    made = Environment(folder, record)
    return made if Path(made.python).exists() else None


def _remove(folder: Path) -> None:
    (folder / STAMP).unlink(missing_ok=True)  # first: if the removal is killed, the rest does not look complete
    remove_tree(folder)
