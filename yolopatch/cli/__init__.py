"""The command line: the entry point, the commands, and their output."""

from __future__ import annotations

import io
import sys


def main() -> None:
    """Run the command line and exit with its documented exit code."""
    try:
        from yolopatch.cli.run import run

        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, io.TextIOWrapper):  # None where the caller closed it
                stream.reconfigure(
                    errors="backslashreplace"
                )  # a path may have characters that the terminal cannot show
        code = run(sys.argv[1:])
    except KeyboardInterrupt:
        code = 130  # interrupted before `run` could handle it
    sys.exit(code)
