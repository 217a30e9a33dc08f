"""What an interpreter has: asked of it in a child process, without importing torch."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from yolopatch.errors import YolopatchError
from yolopatch.outside.probe import PROBE, find_interpreter, not_started

_TIMEOUT = 60  # seconds; it takes a tenth of one, and a cold disk a few
_GPU_TIMEOUT = 120  # seconds; importing torch from a cold disk takes many
_GPUS = "import torch; print('\\n'.join(torch.cuda.get_device_name(n) for n in range(torch.cuda.device_count())))"
_WORDS = 5  # lines of what it said that are shown


@dataclass(frozen=True)
class Interpreter:
    """An interpreter and what it would import.

    Attributes:
        executable: absolute path; a virtual environment's own link is kept, for it is known by that.
        python: its version, `3.11.9`.
        prefix: the folder of the environment.
        virtual: whether it is a virtual environment.
        can_make: whether it can make one, with pip in it.
        packages: the version of each distribution, by normalised name.
        requirements: what a distribution asks for; of torchvision alone, which torch it was built for.
        editable: the folder's URL of each distribution that is installed from one, by normalised name.
        origins: the file that an import reads, by name; "" where there is none.
        cuda: the CUDA version that its torch was built for, "" for none.
    """

    executable: str
    python: str
    prefix: str
    virtual: bool
    can_make: bool
    packages: Mapping[str, str]
    requirements: Mapping[str, tuple[str, ...]]
    editable: Mapping[str, str]
    origins: Mapping[str, str]
    cuda: str

    @property
    def bin(self) -> Path:
        """The folder of its commands."""
        return Path(self.executable).parent

    @property
    def font(self) -> Path | None:
        """A TTF that its matplotlib brought, None where there is none."""
        matplotlib = self.origins.get("matplotlib")
        file = Path(matplotlib).parent / "mpl-data" / "fonts" / "ttf" / "DejaVuSans.ttf" if matplotlib else None
        return file if file and file.is_file() else None


def inspect_interpreter(executable: str) -> Interpreter:
    """Ask an interpreter what it has.

    Raises:
        YolopatchError: there is no such interpreter, it cannot be started, or it is no Python that could do.
    """
    path = find_interpreter(executable)
    told = json.loads(_ask(path, [str(PROBE / "interpreter.py")], _TIMEOUT))
    requirements = {name: tuple(asked) for name, asked in told.pop("requirements").items()}
    return Interpreter(executable=path, requirements=requirements, **told)


def gpus_of(executable: str) -> tuple[str, ...]:
    """Return the names of the CUDA devices that its torch sees. It imports torch, which takes seconds.

    Raises:
        YolopatchError: it has no torch, or its torch does not work.
    """
    path = find_interpreter(executable)
    said = subprocess_output(path, ["-c", _GPUS], _GPU_TIMEOUT)
    return tuple(line for line in said.splitlines() if line)


def _ask(path: str, arguments: list[str], timeout: float) -> str:
    """Return the last line that it printed: what its own start-up files print comes before."""
    lines = subprocess_output(path, arguments, timeout).splitlines()
    if not lines or not lines[-1].startswith("{"):
        raise _no_python(path, lines)
    return lines[-1]


def subprocess_output(path: str, arguments: list[str], timeout: float) -> str:
    """Run the interpreter far from anybody's files and return what it printed.

    Raises:
        YolopatchError: it could not be started, failed, or did not end.
    """
    environment = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "PYTHONHOME")}
    with tempfile.TemporaryDirectory(prefix="yolopatch-") as folder:  # `-c` imports from where it is run
        try:
            done = subprocess.run(
                [path, *arguments],
                cwd=folder,
                env=environment | {"PYTHONDONTWRITEBYTECODE": "1"},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                errors="replace",
                timeout=timeout,
            )
        except subprocess.TimeoutExpired as error:
            raise YolopatchError(f"{path} did not answer in {timeout:.0f} s", hint="name another --python") from error
        except OSError as error:
            raise not_started(path, error) from error
    if done.returncode:
        raise _no_python(path, done.stderr.splitlines())
    return done.stdout


def _no_python(path: str, lines: list[str]) -> YolopatchError:
    return YolopatchError(
        f"{path} cannot say what it has: it is no Python 3.8 or later, or is broken",
        details=[line for line in lines if line.strip()][-_WORDS:],
        hint="name the python of a working environment with --python",
    )
