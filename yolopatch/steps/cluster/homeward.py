"""What a node sends back: the files of a run, its record and its messages, with the paths of whoever asked for it."""

from __future__ import annotations

import io
import time
import zipfile
from dataclasses import replace

import yaml

from yolopatch.core.plain_yaml import PlainYamlError, load_plain
from yolopatch.core.training.results import SETTINGS
from yolopatch.core.training.run import Run
from yolopatch.errors import YolopatchError
from yolopatch.steps.cluster.recipe import KEPT, LAST_FILE, Home, Refused
from yolopatch.steps.training.place import RESULTS, Place

_MOST_LOG = 4 * 2**20  # bytes, of the end


class Homeward:
    """The files of one run on a node.

    Args:
        place: where they lie here.
        home: where they lie with whoever asked.
        every: how many seconds lie at least between two checkpoints.
    """

    def __init__(self, place: Place, home: Home, every: float) -> None:
        self._results, self._every = place.folder / RESULTS, every
        # the folder last: the others lie in it
        self._paths = {
            str(self._results): home.results,
            place.data: home.data,
            place.cfg: home.cfg,
            **({str(place.init): home.init} if place.init else {}),
            **({str(place.hyperparameters): home.hyperparameters} if place.hyperparameters else {}),
            str(place.folder): home.folder,
        }
        self._folder, self._home = place.folder, home
        self._sent: dict[str, tuple[int, int]] = {name: stamp for name in KEPT if (stamp := self._stamp(name))}
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

    def checkpoint(self) -> dict[str, bytes]:
        """Return the changed files when there is a new whole checkpoint, and the last one was sent long enough ago."""
        now = time.monotonic()
        if now - self._last < self._every or self._stamp(LAST_FILE) in (None, self._sent.get(LAST_FILE)):
            return {}
        stamps, files = self._changed()
        if not is_whole(files.get(LAST_FILE, b"")):
            return {}  # upstream is writing it
        self._sent.update(stamps)
        self._last = time.monotonic()
        return files

    def all(self) -> dict[str, bytes]:
        """Return every file that has changed since it was sent, at the end of the training."""
        stamps, files = self._changed()
        self._sent.update(stamps)
        return files

    def log(self, attempt: int) -> dict[str, bytes]:
        """Return the log of a training process, by its path below the run's folder; empty where there is none."""
        name = f"training-{attempt}/log"
        file = self._folder / name
        return {name: file.read_bytes()[-_MOST_LOG:]} if file.is_file() else {}

    def _changed(self) -> tuple[dict[str, tuple[int, int]], dict[str, bytes]]:
        """Return the stamps and the contents of the files that have changed since they were sent."""
        # the stamp before the content: what changes in between is sent again
        stamps = {name: stamp for name in KEPT if (stamp := self._stamp(name)) and stamp != self._sent.get(name)}
        files = {name: (self._results / name).read_bytes() for name in stamps}
        return stamps, {name: self._settings(data) if name in SETTINGS else data for name, data in files.items()}

    def _stamp(self, name: str) -> tuple[int, int] | None:
        try:
            found = (self._results / name).stat()
        except FileNotFoundError:
            return None
        return found.st_mtime_ns, found.st_size

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


def is_whole(data: bytes) -> bool:
    """Return whether a checkpoint was written to its end: torch writes a zip, whose list of contents comes last."""
    return zipfile.is_zipfile(io.BytesIO(data))
