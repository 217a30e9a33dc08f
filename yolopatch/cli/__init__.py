"""The command line: the entry point, and what becomes of every error."""

from __future__ import annotations

import io
import sys


def main() -> None:
    """Run the command line and exit with the code that the contract promises."""
    try:
        from yolopatch.cli.run import run

        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, io.TextIOWrapper):  # None where the caller closed it
                stream.reconfigure(errors="backslashreplace")  # a path may hold what the terminal cannot show
        code = run(sys.argv[1:])
    except KeyboardInterrupt:
        code = 130  # before `run` could say so
    sys.exit(code)
