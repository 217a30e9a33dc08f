"""Print the help of every command as one JSON object, as the command line words it in a language.

    python .ci/site/print_help.py en

Each text is as wide as it wants, so that a reader of it meets whole sentences.
"""

from __future__ import annotations

import io
import json
import os
import sys
from collections.abc import Iterator
from contextlib import redirect_stdout
from pathlib import Path

import click

_WIDE = 10_000


def main(language: str) -> None:
    """Print `{"apply": "Usage: ...", "env create": ...}`; `` is the overview, and `list checks` what it prints."""
    root = Path(__file__).resolve().parents[2]
    sys.path.insert(0, str(root))
    os.environ["COLUMNS"] = str(_WIDE)
    from yolopatch.cli.group import cli

    cli.context_settings["max_content_width"] = _WIDE
    # a command line that knows no languages speaks English
    chosen = ["--lang", language] if any("--lang" in option.opts for option in cli.params) else []
    found = {" ".join(words): _printed([*chosen, *words, "--help"]) for words in [[], *_commands(cli)]}
    found["list checks"] = _printed([*chosen, "list", "checks"])
    json.dump(found, sys.stdout)


def _commands(group: click.Group) -> Iterator[list[str]]:
    """Yield the words of each command that is no group."""
    context = click.Context(group, info_name="yolopatch")
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if isinstance(command, click.Group):
            yield from ([name, *words] for words in _commands(command))
        else:
            yield [name]


def _printed(arguments: list[str]) -> str:
    from yolopatch.cli.run import run

    printed = io.StringIO()
    with redirect_stdout(printed):
        code = run(arguments)
    if code != 0:
        raise SystemExit(f"yolopatch {' '.join(arguments)} ended with {code}")
    return printed.getvalue()


if __name__ == "__main__":
    main(sys.argv[1])
