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
from yolopatch.errors import YolopatchError
from yolopatch.outside.child.group import end_group, start_group
from yolopatch.outside.git.command import FREE_SOME_SPACE, is_disk_full
from yolopatch.outside.watch import Watch

# They would put packages elsewhere, or hide what is said.
_DROPPED = (
    "PYTHONPATH",
    "PYTHONHOME",
    "VIRTUAL_ENV",
    "CONDA_PREFIX",
    "PIP_TARGET",
    "PIP_PREFIX",
    "PIP_USER",
    "PIP_ROOT",
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
_WORDS = 4  # of an installer's last lines


@dataclass(frozen=True)
class Installer:
    """Which program installs, `pip` or `uv`, and where uv is."""

    name: str
    uv: str = ""


@dataclass(frozen=True)
class InstallRequest:
    """What to make.

    Attributes:
        folder: where; nothing is there.
        base: the path of the interpreter that it is made from.
        requirements: the file that lists them.
        torch: the requirements of torch and torchvision alone.
        torch_index: the index that these two are taken from, None for wherever all others are.
    """

    folder: Path
    base: str
    requirements: Path
    torch: tuple[str, ...]
    torch_index: str | None

    @property
    def python(self) -> str:
        """The interpreter that is made."""
        return str(self.folder / "bin" / "python")


def find_installer(asked: str) -> Installer:
    """Return the installer that is asked for; with `auto`, uv where it is on PATH, else pip.

    Raises:
        UsageError: there is no installer of that name.
        YolopatchError: uv is asked for and is not on PATH.
    """
    if asked not in ("auto", *INSTALLERS):
        raise unknown("installer", asked, ("auto", *INSTALLERS))
    uv = shutil.which("uv") if asked != "pip" else None
    if asked == "uv" and uv is None:
        raise YolopatchError("uv is not on PATH", hint="install uv, or leave --installer out to take pip")
    return Installer("uv", uv) if uv else Installer("pip")


def install(request: InstallRequest, installer: Installer, watch: Watch) -> None:
    """Make the environment; whatever ends it, nothing of the installer goes on.

    Raises:
        YolopatchError: it could not be made: which requirement, and from which index.
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
        # without what they require, which that index need not have; and from nowhere else, where they are other builds
        word = "--default-index" if installer.name == "uv" else "--index-url"
        alone = {"PIP_EXTRA_INDEX_URL": index, "UV_INDEX": "", "UV_EXTRA_INDEX_URL": ""}
        yield _Step("installing torch", (*command, "--no-deps", word, index, *request.torch), index, alone)
    yield _Step("installing", (*command, "--requirement", str(request.requirements)))


def _run(step: _Step, folder: Path, say: Callable[[str], None]) -> tuple[int, list[str]]:
    environment = {name: value for name, value in os.environ.items() if name not in _DROPPED}
    lines: list[str] = []
    try:
        process = start_group(
            step.command,
            folder=folder,  # not the user's, whose files `-m` would import before the library's
            variables={**environment, **_QUIET, **(step.variables or {})},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            ends_with_us=True,
        )
    except OSError as error:
        return 127, [f"{step.command[0]}: {error.strerror}"]
    try:
        for line in process.stdout or ():
            lines.append(hide_passwords(line.decode("utf-8", "replace").rstrip()))
            say(_shown(lines[-1]) or step.what)
        return process.wait(), lines
    finally:
        end_group(process)


def _shown(line: str) -> str:
    """Return what of an installer's line is worth showing while it works: the package that it has come to."""
    found = re.match(r"\s*(Collecting|Downloading|Installing collected|Prepared|Installed|Resolved)\b.{0,40}", line)
    return found.group(0).strip() if found else ""


def hide_passwords(text: str) -> str:
    """Return the text without the names and passwords in its addresses."""
    return re.sub(r"(?<=://)[^/@\s'\"`]+@", "***@", text)


def _failed(step: _Step, installer: Installer, lines: Sequence[str]) -> YolopatchError:
    told = [line.strip() for line in lines if line.strip() and not line.startswith(("WARNING", "[notice]"))]
    if is_disk_full(told):
        return YolopatchError("the disk is full: no environment was made", details=told[-1:], hint=FREE_SOME_SPACE)
    requirement = find_requirement("\n".join(told))
    what = f"{requirement} could not be installed" if requirement else f"{installer.name} failed while {step.what}"
    index = hide_passwords(step.index) if step.index else find_indexes(lines)
    return YolopatchError(
        f"no environment was made: {what}",
        details=[*([f"index: {index}"] if "install" in step.command else []), *told[-_WORDS:]],
        hint=_hint(step, requirement),
    )


def _hint(step: _Step, requirement: str) -> str:
    if step.index:
        return "check --torch-index: it must be an index that has this version for your Python, or leave it out"
    if requirement:
        return "check the network, and the index that your pip or uv is configured with; then run this again"
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
    """Return the requirement that an installer's words name as the one that failed, "" where they name none."""
    found = (re.search(form, text, re.MULTILINE) for form in _REQUIREMENT)
    return next((match.group(1) for match in found if match), "")


def find_indexes(lines: Sequence[str]) -> str:
    """Return the indexes that were asked, from pip's words or from the variables that uv reads."""
    said = next((line for line in lines if line.startswith("Looking in ")), "")
    if said:
        return said.partition(": ")[2]
    named = (os.environ.get(name) for name in ("UV_DEFAULT_INDEX", "UV_INDEX_URL", "PIP_INDEX_URL"))
    return hide_passwords(next((index for index in named if index), _PYPI))
