"""Help pages in the language of the run, wrapped at the cells of the terminal."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

import click

from yolopatch.cli.language.choice import LANGUAGES, OPTION
from yolopatch.core.language.spoken import spoken, titled
from yolopatch.core.text import cells_of
from yolopatch.core.wrapping import wrap

_EXAMPLE = "Example: "
# What click adds to a help text: `  [default: auto; required]`.
_ADDED = re.compile(r"(.*)(  \[(?:required|default: |env var: |\d*[<=]*x[<>])[^\[\]]*\])", re.DOTALL)


class _Formatter(click.HelpFormatter):
    """Writes help as click does, and translates each text before it is wrapped."""

    def write_usage(self, prog: str, args: str = "", prefix: str | None = None) -> None:
        super().write_usage(prog, args, titled("Usage:", "") if prefix is None else prefix)

    def write_heading(self, heading: str) -> None:
        self.write(f"{' ' * self.current_indent}{spoken().translate(f'{heading}:')}\n")

    def write_text(self, text: str) -> None:
        for number, paragraph in enumerate(re.split(r"\n\s*\n", text)):
            if number:
                self.write("\n")
            self._write_paragraph(paragraph)

    def _write_paragraph(self, paragraph: str) -> None:
        if paragraph.startswith("\b"):
            translated = spoken().translate(paragraph).removeprefix("\b").strip("\n")
            lines: Sequence[str] = [" " * self.current_indent + line for line in translated.split("\n")]
        elif paragraph.startswith(_EXAMPLE):  # it is copied
            lines = [" " * self.current_indent + spoken().translate(paragraph)]
        else:
            margin = " " * self.current_indent
            lines = wrap(spoken().translate(" ".join(paragraph.split())), self.width, margin, margin)
        self.write("".join(f"{line}\n" for line in lines))

    def write_dl(self, rows: Iterable[tuple[str, str]], col_max: int = 30, col_spacing: int = 2) -> None:
        rows = list(rows)
        column = min(max(cells_of(name) for name, _ in rows), col_max) + col_spacing
        for name, text in rows:
            lines = wrap(_translated(text), max(self.width - column - 2, 10))
            fits = cells_of(name) <= column - col_spacing
            if fits and lines:
                self.write(f"{' ' * self.current_indent}{name}{' ' * (column - cells_of(name))}{lines.pop(0)}\n")
            else:
                self.write(f"{' ' * self.current_indent}{name}\n")
            self.write("".join(f"{' ' * (self.current_indent + column)}{line}\n" for line in lines))


class Context(click.Context):
    """A context of click whose help speaks the language of the run."""

    formatter_class = _Formatter


def with_language(command: click.Command) -> click.Command:
    """Give a command the option `--lang`, and help in the language of the run."""
    command.context_class = Context
    if not any(OPTION in parameter.opts for parameter in command.params):
        command.params.append(
            click.Option(
                [OPTION],
                type=click.Choice(LANGUAGES),
                expose_value=False,
                metavar="|".join(LANGUAGES),
                help="The language of help, results and errors.  [default: that of the locale]",
            )
        )
    return command


def _translated(text: str) -> str:
    """Return the help text of an option; what click added is translated on its own."""
    added: list[str] = []
    found = _ADDED.fullmatch(text)
    while found and not spoken().knows(text):
        text = found[1]
        added.insert(0, re.sub(r"[^;\[\]]+[^;\[\] ]", lambda one: _added(one[0]), found[2]))
        found = _ADDED.fullmatch(text)
    return spoken().translate(text) + "".join(added)


def _added(text: str) -> str:
    """Return what click added, in the language of the run; a value stays as it is typed."""
    head, colon, value = text.partition(": ")
    return f"{titled(head + ':', '')}{value}" if colon else spoken().translate(head)
