"""Run a command and return its exit code, also after an exception."""

from __future__ import annotations

import os
from collections.abc import Sequence

import click

from yolopatch.cli.group import COMPLETING, cli
from yolopatch.cli.language.choice import language_of
from yolopatch.core.language.spoken import speak, spoken
from yolopatch.errors import EXIT_INTERRUPTED
from yolopatch.outside.language import load_translator


def run(arguments: Sequence[str]) -> int:
    """Run the command line with these arguments; returns the command's exit code, 0 if it has none."""
    color = False if os.environ.get("NO_COLOR") else None
    speak(load_translator(language_of(arguments)))
    try:
        if COMPLETING in os.environ:
            from yolopatch.cli.completion.answer import answer  # imported late: only the shell needs it

            return answer(cli)
        if _asks_for_help(arguments):
            return _call(arguments, color)
        from yolopatch.cli.hearing import notes_shown  # imported late: --help needs none of it

        with notes_shown():
            _load_own_catalog()
            return _call(arguments, color)
    except click.exceptions.Exit as error:
        return error.exit_code
    except (KeyboardInterrupt, click.Abort):
        click.echo(spoken().translate("interrupted"), err=True)
        return EXIT_INTERRUPTED
    except Exception as error:
        from yolopatch.cli.failure import fail  # imported late: it would double the time of --help

        return fail(error, "--json" in arguments, color)


def _call(arguments: Sequence[str], color: bool | None) -> int:
    return cli.main(list(arguments), prog_name="yolopatch", standalone_mode=False, color=color) or 0


def _asks_for_help(arguments: Sequence[str]) -> bool:
    ours = list(arguments[: arguments.index("--")] if "--" in arguments else arguments)
    return bool({"-h", "--help", "--version"} & set(ours))


def _load_own_catalog() -> None:
    from yolopatch.cli.report import show_notes  # imported late: --help needs neither
    from yolopatch.outside.own.own_catalog import load_users_catalog

    show_notes(load_users_catalog())
