"""The command line: the entry point, the commands, and their output."""

from __future__ import annotations

import io
import os
import sys


def main() -> None:
    """Run the command line and exit with its documented exit code."""
    try:
        _open_closed_streams()
        from yolopatch.cli.run import run

        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, io.TextIOWrapper):
                stream.reconfigure(
                    errors="backslashreplace"
                )  # a path may have characters that the terminal cannot show
        code = run(sys.argv[1:])
    except KeyboardInterrupt:
        code = 130  # interrupted before `run` could handle it
    sys.exit(code)


def _open_closed_streams() -> None:
    """Let a stream that the caller has closed (`2>&-`, pythonw) lead nowhere: else the next file takes its number."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115  it stays open
