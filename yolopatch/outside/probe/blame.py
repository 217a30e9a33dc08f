"""Whose code ended a process of the probe: the last lines of its output say it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from yolopatch.outside.probe.process import FATAL

_LINE = re.compile(r'\s*File "([^"]+)", line (\d+)(?:,? in (\S+))?')


def blames_workspace(lines: Sequence[str], workspace: Path) -> bool:
    """Return whether the workspace's own code is the reason why a process could not import upstream.

    Args:
        lines: the last lines of its output: the end of a traceback, or Python's report of a crash.
        workspace: the folder from which upstream was imported.
    """
    missing = next((m[1] for line in lines if (m := re.search(r"No module named '([^'.]+)", line))), None)
    if missing is not None:
        return any((workspace / name).exists() for name in (missing, f"{missing}.py"))
    return faulty_line(lines, workspace) is not None


def faulty_line(lines: Sequence[str], workspace: Path) -> str | None:
    """Return the line that ended a process, `file:line in function`, if it is in the workspace; None elsewhere.

    Args:
        lines, workspace: as for `blames_workspace`.
    """
    calls = [found for line in lines if (found := _LINE.match(line)) and not _is_pythons_own(found[1])]
    if not calls:
        return None
    innermost = calls[0] if lines[0].startswith(FATAL) else calls[-1]
    file, root = Path(innermost[1]).resolve(), workspace.resolve()
    # a virtual environment may be in the workspace
    if not file.is_relative_to(root) or _is_installed(innermost[1]):
        return None
    where = f" in {innermost[3]}" if innermost[3] else ""
    return f"{file.relative_to(root).as_posix()}:{innermost[2]}{where}"


def _is_installed(file: str) -> bool:
    return "site-packages" in file or "dist-packages" in file


def _is_pythons_own(file: str) -> bool:
    """Return whether a file is of the standard library: the cause of an error is then in the file that called it."""
    is_library = "/lib/python3" in file or "\\Lib\\" in file  # the second on Windows
    return file.startswith("<") or (is_library and not _is_installed(file))
