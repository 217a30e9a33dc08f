"""Run a command and turn whatever ends it into an exit code."""

from __future__ import annotations

import os
from collections.abc import Sequence

import click

from yolopatch.cli.group import cli
from yolopatch.errors import EXIT_INTERRUPTED


def run(arguments: Sequence[str]) -> int:
    """Run the command line with these arguments and return the exit code: the command's own, 0 where it has none."""
    color = False if os.environ.get("NO_COLOR") else None
    try:
        return cli.main(list(arguments), prog_name="yolopatch", standalone_mode=False, color=color) or 0
    except click.exceptions.Exit as error:
        return error.exit_code
    except (KeyboardInterrupt, click.Abort):
        click.echo("interrupted", err=True)
        return EXIT_INTERRUPTED
    except Exception as error:
        from yolopatch.cli.failure import fail  # what it needs to import would double the time of --help

        return fail(error, "--json" in arguments, color)
