"""Do what a page says in one shell, in an empty folder, without a network unless the page says that it needs one."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from .page import Command, Given, Saved, Step

_MARK = "== of the test:"
# pip, uv, git and everything that asks for a proxy find nothing
_NO_NETWORK = {
    "PIP_NO_INDEX": "1",
    "UV_OFFLINE": "1",
    "GIT_ALLOW_PROTOCOL": "file",
    **dict.fromkeys(("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY"), "http://127.0.0.1:9"),
}


@dataclass(frozen=True)
class Ran:
    """A command that was run."""

    command: Command
    code: int
    printed: str


def follow(
    steps: Sequence[Step], folder: Path, given: Path, variables: Mapping[str, str], limit: float
) -> tuple[Ran, ...]:
    """Do the steps, up to the first command that ends with another code than the page says.

    Args:
        steps: of the page.
        folder: an empty folder, where the reader is.
        given: the folder with what the reader has already.
        variables: the environment.
        limit: in seconds, for the whole page.
    """
    saved = folder.with_name(f"{folder.name}-saved")
    saved.mkdir()
    lines = [f"export {_words(_NO_NETWORK)}"]
    for number, step in enumerate(steps):
        if isinstance(step, Given):
            lines.append(f"cp -R {shlex.quote(str(given / step.name))} .")
        elif isinstance(step, Saved):
            (saved / str(number)).write_text(step.text, encoding="utf-8")
            lines.append(f"cp {shlex.quote(str(saved / str(number)))} {shlex.quote(step.name)}")
        elif step.not_run is None:
            lines += _run(number, step)
    script = saved / "script"
    script.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return tuple(_parse(_output_of(["bash", str(script)], folder, variables, limit), steps))


def _output_of(command: Sequence[str], folder: Path, variables: Mapping[str, str], limit: float) -> str:
    """Return what a command and all that it starts print. After the limit, all of them are ended."""
    with subprocess.Popen(
        command,
        cwd=folder,
        env=dict(variables),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    ) as process:
        try:
            printed, _ = process.communicate(timeout=limit)
        except BaseException:
            os.killpg(process.pid, signal.SIGKILL)
            raise
    return printed.decode("utf-8", "replace")


def _words(variables: Mapping[str, str]) -> str:
    return " ".join(f"{name}={shlex.quote(value)}" for name, value in variables.items())


def _run(number: int, command: Command) -> list[str]:
    open_network = [f"unset {' '.join(_NO_NETWORK)}"] if command.with_network else []
    close_network = [f"export {_words(_NO_NETWORK)}"] if command.with_network else []
    end = f'code=$?; echo; echo "{_MARK} {number} $code"; [ $code -eq {command.code} ] || exit 1'
    return [*open_network, command.text, end, *close_network]


def _parse(output: str, steps: Sequence[Step]) -> list[Ran]:
    """Take the output apart at the marks, which stand after each command."""
    ran, printed = [], []
    for line in output.split("\n"):
        if not line.startswith(_MARK):
            printed.append(f"{line}\n")
            continue
        number, code = map(int, line.removeprefix(_MARK).split())
        step = steps[number]
        assert isinstance(step, Command)
        ran.append(Ran(step, code, "".join(printed)))
        printed = []
    assert not "".join(printed).strip(), "after the last command: " + "".join(printed)
    return ran
