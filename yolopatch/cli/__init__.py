"""The command line: the entry point, and what becomes of every error."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line and exit with the code that the contract promises."""
    from yolopatch.cli.run import run

    sys.exit(run(sys.argv[1:]))
