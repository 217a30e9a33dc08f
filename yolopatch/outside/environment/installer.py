"""Make a virtual environment and install into it, with the user's own pip or uv: their indexes, mirror and proxy."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from yolopatch.catalog.environment.environments import INSTALLERS
from yolopatch.catalog.names import unknown
from yolopatch.core.text import hide_passwords
from yolopatch.errors import YolopatchError
from yolopatch.outside.child.group import end_group, start_group, temporary_in
from yolopatch.outside.environment.executable import environment_python
from yolopatch.outside.environment.install_progress import told_regularly
from yolopatch.outside.files.held import temporary_folder
from yolopatch.outside.files.system_errors import advice, error_named_in, is_full
from yolopatch.outside.watch import Watch

# These variables would install packages into another folder or environment, or hide the output.
_DROPPED = (
    "PYTHONPATH",
    "PYTHONHOME",
    "VIRTUAL_ENV",
    "CONDA_PREFIX",
    "PIP_PYTHON",
    "PIP_TARGET",
    "PIP_PREFIX",
    "PIP_USER",
    "PIP_ROOT",
    "UV_PYTHON",
    "UV_SYSTEM_PYTHON",
)
_QUIET = {
    "PIP_DISABLE_PIP_VERSION_CHECK": "1",
    "PIP_NO_INPUT": "1",
    "PIP_PROGRESS_BAR": "off",
    "PYTHONUNBUFFERED": "1",
    "UV_PYTHON_DOWNLOADS": "never",
    "UV_NO_PROGRESS": "1",
    "NO_COLOR": "1",
}
_PYPI = "https://pypi.org/simple"
_SHOWN = 4  # of an installer's last lines


@dataclass(frozen=True)
class Installer:
    """The program that installs, `pip` or `uv`, and the path of uv."""

    name: str
    uv: str = ""


@dataclass(frozen=True)
class InstallRequest:
    """An environment to make.

    Attributes:
        folder: its folder, which does not exist yet.
        base: the path of the interpreter that makes it.
        requirements: the requirements file.
        torch: the requirements of torch and torchvision.
        torch_index: the package index of these two, None for the default index.
    """

    folder: Path
    base: str
    requirements: Path
    torch: tuple[str, ...]
    torch_index: str | None

    @property
    def python(self) -> str:
        """The path of the new interpreter."""
        return str(environment_python(self.folder))


def find_installer(asked: str) -> Installer:
    """Return the requested installer; with `auto`, uv if it is on PATH, else pip.

    Raises:
        UsageError: the name is unknown.
        YolopatchError: uv was requested and is not on PATH.
    """
    if asked not in ("auto", *INSTALLERS):
        raise unknown("installer", asked, ("auto", *INSTALLERS))
    uv = shutil.which("uv") if asked != "pip" else None
    if asked == "uv" and uv is None:
        raise YolopatchError("uv is not on PATH", hint="install uv, or use pip: leave out --installer")
    return Installer("uv", uv) if uv else Installer("pip")


def install(request: InstallRequest, installer: Installer, watch: Watch) -> None:
    """Make the environment. If this is interrupted, the installer is ended, too.

    Raises:
        YolopatchError: it could not be made; the error names the requirement and the index.
    """
    steps = list(_steps(request, installer))
    for number, step in enumerate(steps, 1):
        watch(step.what, number, len(steps))

        def show(line: str, number: int = number) -> None:
            watch(line, number, len(steps))

        code, lines = _run(step, request.folder.parent, show)
        if code:
            raise _failed(step, installer, lines)


@dataclass(frozen=True)
class _Step:
    what: str
    command: tuple[str, ...]
    index: str | None = None
    variables: Mapping[str, str] | None = None


def _steps(request: InstallRequest, installer: Installer) -> Iterator[_Step]:
    uv = (installer.uv, "pip", "install", "--python", request.python)
    pip = (request.python, "-m", "pip", "install", "--prefer-binary")
    index = request.torch_index
    if installer.name == "uv":
        yield _Step("making it", (installer.uv, "venv", "--seed", "--python", request.base, str(request.folder)))
    else:
        yield _Step("making it", (request.base, "-m", "venv", str(request.folder)))
    command = uv if installer.name == "uv" else pip
    if index:
        # without dependencies, which that index may not have; and from no other index, which has other builds
        word = "--default-index" if installer.name == "uv" else "--index-url"
        alone = {"PIP_EXTRA_INDEX_URL": index, "UV_INDEX": "", "UV_EXTRA_INDEX_URL": ""}
        yield _Step("installing torch", (*command, "--no-deps", word, index, "--", *request.torch), index, alone)
    yield _Step("installing", (*command, "--requirement", str(request.requirements)))


def _run(step: _Step, folder: Path, say: Callable[[str], None]) -> tuple[int, list[str]]:
    with (
        temporary_folder() as temporary,
        told_regularly(say, step.what, temporary) as hear,
    ):
        return _listen(step, folder, temporary, hear)


def _listen(step: _Step, folder: Path, temporary: Path, hear: Callable[[str], None]) -> tuple[int, list[str]]:
    environment = {name: value for name, value in os.environ.items() if name not in _DROPPED}
    lines: list[str] = []
    try:
        process = start_group(
            step.command,
            folder=folder,  # not the user's folder: `-m` would import the files there before the installed packages
            variables={**environment, **_QUIET, **(step.variables or {}), **temporary_in(temporary)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            ends_with_us=True,
        )
    except OSError as error:
        return 127, [f"{step.command[0]}: {error.strerror}"]
    try:
        for line in process.stdout or ():
            lines.append(hide_passwords(line.decode("utf-8", "replace").rstrip()))
            hear(lines[-1])
        return process.wait(), lines
    finally:
        end_group(process)


def _failed(step: _Step, installer: Installer, lines: Sequence[str]) -> YolopatchError:
    output = [line.strip() for line in lines if line.strip() and not line.startswith(("WARNING", "[notice]"))]
    number = error_named_in(output)
    if number:
        why = "the disk is full" if is_full(number) else f"{installer.name} failed while {step.what}"
        return YolopatchError(f"{why}: no environment was made", details=output[-1:], hint=advice(number))
    requirement = find_requirement("\n".join(output))
    what = f"{requirement} could not be installed" if requirement else f"{installer.name} failed while {step.what}"
    index = hide_passwords(step.index) if step.index else find_indexes(lines)
    return YolopatchError(
        f"no environment was made: {what}",
        details=[*([f"index: {index}"] if "install" in step.command else []), *output[-_SHOWN:]],
        hint=_hint(step, requirement),
    )


def _hint(step: _Step, requirement: str) -> str:
    if step.index:
        return "check --torch-index: it must be an index that has this version for your Python, or leave it out"
    if requirement:
        return "check the network and the package index of your pip or uv, then run this again"
    return "name another Python with --python, or another installer with --installer"


_REQUIREMENT = (
    r"No matching distribution found for (.+?)(?: \(from.*)?$",
    r"Cannot install (.+) because these package versions",
    r"Failed (?:building wheel|to build) (?:for )?[`']?([^`'\s]+)",
    r"no versions? of (\S+)",
    r"Because (\S+) was not found",
    r"Failed to (?:fetch|download):? `?\S+?/([\w.-]+?)/?`?$",
    r"Failed to download [`']?([^`'\s]+)",
)


def find_requirement(text: str) -> str:
    """Return the requirement that failed, from an installer's output; "" if it names none."""
    found = (re.search(form, text, re.MULTILINE) for form in _REQUIREMENT)
    return next((match.group(1) for match in found if match), "")


def find_indexes(lines: Sequence[str]) -> str:
    """Return the package indexes that were used, from pip's output or from the variables that uv reads."""
    line = next((line for line in lines if line.startswith("Looking in ")), "")
    if line:
        return line.partition(": ")[2]
    named = (os.environ.get(name) for name in ("UV_DEFAULT_INDEX", "UV_INDEX_URL", "PIP_INDEX_URL"))
    return hide_passwords(next((index for index in named if index), _PYPI))
