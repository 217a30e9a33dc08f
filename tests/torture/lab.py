"""Where commands are tortured: a sandbox for each case, and commands as processes of their own in it."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tally import Died

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
PIN = "ultralytics-8.3.0"
MEMORY = 2 * 2**30  # bytes that a command may ask for
WITH_TORCH = 16 * 2**30  # importing torch reserves more than it uses
CPU_SECONDS = 60
_MARK = "TORTURE_CASE"
_GRACE = 2.0  # seconds for the system to end what was asked to end
_TICK = 0.05
_PATIENCE = 300.0  # seconds of our own time: what stops this process stops its clock, too


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> dict:
        """The object that it printed."""
        return json.loads(self.out)


@dataclass
class Sandbox:
    """A folder of one case: the user's files in `work`, and all the folders that yolopatch writes in.

    Attributes:
        path: everything of the case lies in it.
        plant: the name of a fault that every command has, "" for none.
        mark: by which the processes of this case are found.
    """

    path: Path
    plant: str = ""
    mark: str = field(init=False)

    def __post_init__(self) -> None:
        self.mark = str(self.path)
        for name in ("work", "cache", "catalog", "home", "tmp"):
            (self.path / name).mkdir(parents=True, exist_ok=True)

    @property
    def work(self) -> Path:
        """The user's folder."""
        return self.path / "work"

    @property
    def tmp(self) -> Path:
        """The folder for temporary files."""
        return self.path / "tmp"

    def variables(self, plan: Mapping[str, object], more: Mapping[str, str | None]) -> dict[str, str]:
        """The environment of a command; in `more`, SANDBOX stands for the case's folder, None for not set."""
        planted = {"plant": self.plant} if self.plant else {}
        chosen = self._usual({**plan, **planted}) | dict(more)
        return {name: value.replace("SANDBOX", str(self.path)) for name, value in chosen.items() if value is not None}

    def _usual(self, plan: Mapping[str, object]) -> dict[str, str | None]:
        kept = {name: os.environ[name] for name in ("PATH", "LANG", "LD_LIBRARY_PATH") if name in os.environ}
        return {
            **kept,
            "HOME": str(self.path / "home"),
            "TMPDIR": str(self.tmp),
            "YOLOPATCH_CACHE": str(self.path / "cache"),
            "YOLOPATCH_CATALOG": str(self.path / "catalog"),
            "PYTHONPATH": f"{HERE / 'hook'}{os.pathsep}{ROOT}",
            "PYTHONDONTWRITEBYTECODE": "1",
            "OMP_NUM_THREADS": "1",
            "GIT_CONFIG_NOSYSTEM": "1",
            # nothing but the cache and local files: a case must not depend on the network
            "PIP_INDEX_URL": "http://127.0.0.1:9/simple",
            "PIP_RETRIES": "0",
            "http_proxy": "http://127.0.0.1:9",
            "https_proxy": "http://127.0.0.1:9",
            "no_proxy": "127.0.0.1",
            "TORTURE_PLAN": json.dumps({"memory": MEMORY, "seconds": CPU_SECONDS, **plan}),
            _MARK: self.mark,
        }

    def start(
        self, arguments: Sequence[object], plan: Mapping[str, object] | None = None, **more: str | None
    ) -> subprocess.Popen[bytes]:
        """Start a command in the user's folder, as a process group of its own."""
        return subprocess.Popen(
            [sys.executable, "-m", "yolopatch", *map(str, arguments)],
            cwd=self.work,
            env=self.variables(plan or {}, more),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )

    def run(self, arguments: Sequence[object], plan: Mapping[str, object] | None = None, **more: str | None) -> Ended:
        """Run a command to its end.

        Raises:
            Died: it has no end.
        """
        return finish(self.start(arguments, plan, **more), arguments)

    def running(self) -> list[str]:
        """Return the processes of this case that still run, after a moment in which they may end; on Linux only."""
        end = time.monotonic() + _GRACE
        while (found := _processes(self.mark)) and time.monotonic() < end:
            time.sleep(_TICK)
        return found

    def end_all(self) -> None:
        """End what is left of the case's processes: none may outlive the torture."""
        for line in _processes(self.mark):
            try:
                os.kill(int(line.split(" ", 1)[0]), signal.SIGKILL)
            except ProcessLookupError:
                continue


def finish(process: subprocess.Popen[bytes], arguments: Sequence[object]) -> Ended:
    """Wait for a command that was started.

    Raises:
        Died: it has no end.
    """
    waited = 0.0
    while True:
        try:
            out, err = process.communicate(timeout=1)
            return Ended(process.returncode, out.decode("utf-8", "replace"), err.decode("utf-8", "replace"))
        except subprocess.TimeoutExpired:
            waited += 1
            if waited > _PATIENCE:
                os.killpg(process.pid, signal.SIGKILL)
                process.communicate()
                raise Died(f"{' '.join(map(str, arguments))} had not ended after {_PATIENCE:.0f} s") from None


def _processes(mark: str) -> list[str]:
    found = []
    wanted = os.fsencode(f"{_MARK}={mark}")
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if wanted not in (folder / "environ").read_bytes().split(b"\0"):
                continue
            state = (folder / "stat").read_text().rpartition(")")[2].split()[0]
            words = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
        except OSError:
            continue  # it has just ended, or is somebody else's
        if state != "Z":
            found.append(f"{folder.name} {words[:200]}")
    return found


class Lab:
    """The folder with all sandboxes, and the pins that they share.

    Args:
        folder: an empty folder.
        cache: the cache of pins; what is missing is fetched into it once.
    """

    def __init__(self, folder: Path, cache: Path) -> None:
        self.folder = folder
        self.cache = cache
        self._making = threading.Lock()
        self.plant = ""  # the fault that every command has from now on

    def need_pins(self, *names: str) -> None:
        """Fetch pins that the cache lacks, with the user's own settings for the network."""
        for name in names:
            if not list((self.cache / "pins").glob(f"{name}-*.git")):
                self._fetch(name)

    def _fetch(self, name: str) -> None:
        with tempfile.TemporaryDirectory(dir=self.folder) as place:
            command = ("apply", "--repo", name, "--module", "DSConv", "--dest", f"{place}/w")
            done = subprocess.run(
                [sys.executable, "-m", "yolopatch", *command],
                env={**os.environ, "YOLOPATCH_CACHE": str(self.cache), "PYTHONPATH": str(ROOT)},
                capture_output=True,
                text=True,
            )
            if done.returncode:
                raise SystemExit(f"error: the torture needs {name}, and no source has it\n{done.stderr}")

    def wheels(self) -> Path:
        """Return the folder with the pin's own wheel; it is downloaded once, with the user's own settings."""
        folder = self.cache / "torture-wheels"
        if not list(folder.glob("*.whl")):
            command = ["pip", "download", "-q", "--no-deps", "--dest", str(folder), PIN.replace("-", "==")]
            subprocess.run([sys.executable, "-m", *command], check=True)
        return folder

    def once(self, name: str, make: Callable[[Path], None]) -> Path:
        """Return a folder that several commands start from; it is made at the first call.

        Args:
            name: of the folder.
            make: makes it at a new path.
        """
        folder = self.folder / "once" / name
        with self._making:
            if not folder.exists():
                folder.parent.mkdir(exist_ok=True)
                make(folder)
        return folder

    def _saved(self, path: Path) -> Path:
        """Copy an input out of its sandbox, which is removed before the tally keeps it."""
        target = Path(tempfile.mkdtemp(prefix="input-", dir=self.folder)) / path.name
        return Path(shutil.copytree(path, target, symlinks=True) if path.is_dir() else shutil.copy(path, target))

    @contextmanager
    def sandbox(self, template: Path | None = None, within: str = "") -> Iterator[Sandbox]:
        """Give a sandbox, a copy of a template's or a new one with the pins; it is removed with its processes.

        Args:
            template: the template.
            within: the folder in which it lies, from the lab's own.
        """
        (self.folder / within).mkdir(parents=True, exist_ok=True)
        place = Path(tempfile.mkdtemp(prefix="case-", dir=self.folder / within))
        if template:
            shutil.rmtree(place)
            shutil.copytree(template, place, symlinks=True)
        else:
            # a pin that another process is still making is none yet
            unfinished = shutil.ignore_patterns(".yolopatch-*")
            shutil.copytree(self.cache / "pins", place / "cache" / "pins", ignore=unfinished)
        sandbox = Sandbox(place, self.plant)
        try:
            yield sandbox
        except Died as died:
            died.inputs = tuple(self._saved(path) for path in died.inputs if path.exists())
            raise
        finally:
            sandbox.end_all()
            shutil.rmtree(place, ignore_errors=True)
