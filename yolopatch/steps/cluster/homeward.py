"""What a node sends back: the files of a run, its record and its messages, with the paths of whoever asked for it."""

from __future__ import annotations

import io
import stat
import time
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import yaml

from yolopatch.core.plain_yaml import PlainYamlError, load_plain
from yolopatch.core.training.results import SETTINGS
from yolopatch.core.training.run import Run
from yolopatch.errors import YolopatchError
from yolopatch.steps.cluster.recipe import KEPT, LAST_FILE, Files, Home, Refused
from yolopatch.steps.cluster.tracker_store import is_head
from yolopatch.steps.training.place import RESULTS, Place
from yolopatch.steps.training.tracking import Tracking

_MOST_LOG = 4 * 2**20  # bytes, of the end
_LATEST = 5 * 10**9  # nanoseconds


_Stamps = dict[Path, tuple[int, int]]


class Homeward:
    """The files of one run on a node.

    Args:
        place: where they lie here.
        home: where they lie with whoever asked.
        every: how many seconds lie at least between two checkpoints.
        tracking: the tracker that the run is shown in; None without one.
    """

    def __init__(self, place: Place, home: Home, every: float, tracking: Tracking | None = None) -> None:
        self._results, self._every = place.folder / RESULTS, every
        self._store = tracking.store if tracking else None
        self._patterns = tracking.tracker.files if tracking else ()
        # the folder last: the others lie in it
        moved = {
            str(self._results): home.results,
            place.data: home.data,
            place.cfg: home.cfg,
            **({str(place.init): home.init} if place.init else {}),
            **({str(place.hyperparameters): home.hyperparameters} if place.hyperparameters else {}),
            **({str(self._store): home.store} if self._store else {}),
            str(place.folder): home.folder,
        }
        # paths in addresses are written in another way, if they have more than plain letters
        addresses = {
            Path(here).as_uri(): Path(there).as_uri() for here, there in moved.items() if _are_whole(here, there)
        }
        self._paths = {**addresses, **moved}
        self._folder, self._home = place.folder, home
        self._last_file = self._results / LAST_FILE
        self._sent: _Stamps = _stamps(self._results / name for name in KEPT)
        self._last = float("-inf")

    def record(self, run: Run) -> Run:
        """Return the record as its asker keeps it."""
        attempts = tuple(
            replace(one, resumed=self.text(one.resumed) if one.resumed else one.resumed) for one in run.attempts
        )
        return replace(run, attempts=attempts, save_dir=self._home.results)

    def text(self, text: str) -> str:
        """Return a text with the paths of home."""
        for here, there in self._paths.items():
            text = text.replace(here, there)
        return text

    def refused(self, error: YolopatchError, host: str) -> Refused:
        """Return the message of an error."""
        details = (f"on {host}", *map(self.text, error.details))
        return Refused(self.text(error.what), details, self.text(error.hint))

    def checkpoint(self) -> Files | None:
        """Return the changed files when there is a new whole checkpoint, and the last one was sent long enough ago."""
        now = time.monotonic()
        is_new = now - self._last >= self._every and not self._is_sent(self._last_file)
        if not is_new or not self._is_told():
            return None
        stamps, files = self._changed()
        if not is_whole(files.results.get(LAST_FILE, b"")):
            return None  # upstream is writing it
        self._sent.update(stamps)
        self._last = time.monotonic()
        return files

    def all(self, attempt: int) -> Files:
        """Return every file that has changed since it was sent, with the log of a training process, at its end."""
        stamps, files = self._changed()
        self._sent.update(stamps)
        return replace(files, others={**files.others, **self._log(attempt)})

    def _log(self, attempt: int) -> dict[str, bytes]:
        """Return the log of a training process, by its path below the run's folder; empty where there is none."""
        name = f"training-{attempt}/log"
        file = self._folder / name
        return {name: file.read_bytes()[-_MOST_LOG:]} if file.is_file() else {}

    def _is_sent(self, file: Path) -> bool:
        """Return whether there is nothing new of a file."""
        return _stamps([file]).get(file) in (None, self._sent.get(file))

    def _is_told(self) -> bool:
        """Return whether the tracker has written the epoch of the checkpoint: upstream tells it after it has saved, and
        a run that is taken up from the checkpoint does not tell it again."""
        saved, _ = _stamps([self._last_file]).get(self._last_file, (0, 0))
        written = [at for at, _ in (self._of_tracker() | self._stored()).values()]
        # a tracker that has not written for long writes into no files, or at its end
        return not written or max(written) > saved or time.time_ns() - saved > _LATEST

    def _of_tracker(self) -> _Stamps:
        """Return the files of the tracker, but for those in its store."""
        return _stamps(file for pattern in self._patterns for file in self._folder.glob(pattern))

    def _stored(self) -> _Stamps:
        """Return the files in the store of the tracker."""
        return _stamps(self._store.rglob("*") if self._store else ())

    def _changed(self) -> tuple[_Stamps, Files]:
        """Return the stamps and the contents of the files that have changed since they were sent."""
        # the stamp before the content: what changes in between is sent again
        results = _stamps(self._results / name for name in KEPT)
        others, store = self._of_tracker(), self._stored()
        stamps = {file: at for file, at in (results | others | store).items() if at != self._sent.get(file)}
        of_results = {
            name: self._settings(data) if name in SETTINGS else data
            for name, data in self._read(results, stamps, self._results)
        }
        return stamps, Files(of_results, dict(self._read(others, stamps, self._folder)), self._of_store(store, stamps))

    def _of_store(self, store: _Stamps, stamps: _Stamps) -> dict[str, bytes]:
        """Return what has changed in the store of a tracker, with the paths of home, and the heads of its experiments
        each time: by them the runs are put where they belong."""
        if self._store is None or not any(file in stamps for file in store):
            return {}
        heads = {file: at for file, at in store.items() if is_head(file.relative_to(self._store))}
        return {name: self._moved(data) for name, data in self._read(store, {**stamps, **heads}, self._store)}

    def _read(self, of: _Stamps, only: _Stamps, folder: Path) -> Iterator[tuple[str, bytes]]:
        for file in of:
            if file in only:
                with suppress(FileNotFoundError):  # a tracker removes what it has written only for a while
                    yield file.relative_to(folder).as_posix(), file.read_bytes()

    def _moved(self, data: bytes) -> bytes:
        try:
            return self.text(data.decode()).encode()
        except UnicodeDecodeError:
            return data  # a checkpoint, or a picture

    def _settings(self, data: bytes) -> bytes:
        """Return upstream's settings of a run with the paths of home."""
        try:
            content = load_plain(data.decode("utf-8", "replace"))
        except PlainYamlError:
            return data  # the table says that they cannot be read
        if not isinstance(content, dict):
            return data
        changed = {key: self.text(value) if isinstance(value, str) else value for key, value in content.items()}
        return yaml.safe_dump(changed, sort_keys=False, allow_unicode=True).encode()


def _are_whole(here: str, there: str) -> bool:
    return Path(here).is_absolute() and Path(there).is_absolute()


def _stamps(files: Iterable[Path]) -> _Stamps:
    """Return of each file that is there when it was written, and its size; a link is none."""
    found = {}
    for file in files:
        try:
            state = file.lstat()
        except FileNotFoundError:
            continue
        if stat.S_ISREG(state.st_mode):
            found[file] = state.st_mtime_ns, state.st_size
    return found


def is_whole(data: bytes) -> bool:
    """Return whether a checkpoint was written to its end: torch writes a zip, whose list of contents comes last."""
    return zipfile.is_zipfile(io.BytesIO(data))
