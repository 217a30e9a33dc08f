"""The FAQ says the same in both languages, its commands can be typed, and what it quotes of a pin stands there."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import click
import pytest

from yolopatch.catalog.pins import PINS
from yolopatch.cli.group import cli
from yolopatch.errors import UsageError
from yolopatch.wire.checks import CHECKS

DOCS = Path(__file__).parents[2] / "docs"
PAGES = ("faq.md", "faq.zh.md")
_ANCHOR = re.compile(r"^(##+) .*\{#([\w-]+)\}$", re.MULTILINE)
_FENCE = re.compile(r"^```\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_INLINE = re.compile(r"`(yolopatch [^`\n]+)`")
# a text of a pin, and the file that it is in: `TEXT` (PIN, `FILE`), in Chinese with that language's punctuation
_QUOTE = re.compile(r"`([^`\n]+)`\s?[(（]((?:ultralytics|yolov5)-[\w.-]+)[,，]\s*`([^`\n]+)`[)）]")


def _text(page: str) -> str:
    return (DOCS / page).read_text(encoding="utf-8")


def _headings(page: str) -> list[tuple[str, str]]:
    """Return the level and the anchor of each heading that has one."""
    return _ANCHOR.findall(_text(page))


def _commands(page: str) -> list[str]:
    """Return the commands of yolopatch of a page, those in a sentence after those of their own."""
    lines = "".join(_FENCE.findall(_text(page))).splitlines()
    inline = _INLINE.findall(_FENCE.sub("", _text(page)))
    return [line for line in (*lines, *inline) if line.startswith("yolopatch ")]


def _quotes(page: str) -> set[tuple[str, str, str]]:
    return set(_QUOTE.findall(_text(page)))


def _parse(line: str) -> None:
    """Parse a command as the command line does, but for the files that it names, which are the reader's.

    Raises:
        click.UsageError: an unknown option or value, a missing one, or one too many.
        UsageError: an unknown command or check.
    """
    command, words = cli, shlex.split(line)[1:]
    context = click.Context(cli, info_name="yolopatch")
    while isinstance(command, click.Group):
        _, command, words = command.resolve_command(context, words)
        context = click.Context(command, info_name=command.name, parent=context)
    values, left, _ = command.make_parser(context).parse_args(words)
    if left and not context.allow_extra_args:
        raise click.UsageError(f"too many words: {left}")
    for one in command.params:
        value = values.get(one.name)
        if one.required and value in (None, ()):
            raise click.MissingParameter(ctx=context, param=one)
        if not isinstance(one.type, click.Path):
            one.type_cast_value(context, value)
    unknown = set(values.get("checks") or ()) - {check.id for check in CHECKS}
    if unknown:  # the command itself says so, once it runs
        raise UsageError(f"unknown checks: {unknown}")


def test_both_languages_have_the_same_entries_in_the_same_order():
    english, chinese = map(_headings, PAGES)
    assert english == chinese
    anchors = [anchor for _, anchor in english]
    assert len(set(anchors)) == len(anchors)
    assert [level for level, _ in english].count("###") >= 24


@pytest.mark.parametrize("page", PAGES)
def test_every_heading_below_the_title_has_an_anchor(page):
    prose = _FENCE.sub("", _text(page))
    assert len(re.findall(r"^##+ ", prose, re.MULTILINE)) == len(_headings(page))


@pytest.mark.parametrize("page", PAGES)
def test_every_entry_names_a_command_and_a_page(page):
    entries = re.split(r"^###? ", _text(page), flags=re.MULTILINE)[1:]
    answers = [entry for entry in entries if "\n```\n" in entry or "](" in entry]
    assert len(answers) >= 24
    assert [entry.splitlines()[0] for entry in answers if "yolopatch " not in entry or "](" not in entry] == []


def test_both_languages_have_the_same_commands_and_quotes():
    english, chinese = map(_commands, PAGES)
    assert english == chinese
    english_quotes, chinese_quotes = map(_quotes, PAGES)
    assert english_quotes == chinese_quotes


# in both languages the commands are the same: see above
@pytest.mark.parametrize("line", sorted(set(_commands("faq.md"))))
def test_every_command_can_be_typed(line):
    _parse(line)


@pytest.mark.parametrize(
    "line",
    [
        "yolopatch verfy my-yolo",
        "yolopatch verify my-yolo",
        "yolopatch verify my-yolo --cfg a.yaml --chek build",
        "yolopatch verify my-yolo --cfg a.yaml --check bild",
        "yolopatch status my-yolo other",
    ],
)
def test_a_command_that_cannot_be_typed_is_found(line):
    with pytest.raises((click.UsageError, UsageError)):
        _parse(line)


@pytest.mark.parametrize("pin", sorted({pin for _, pin, _ in _quotes("faq.md")}))
def test_what_is_quoted_of_a_pin_stands_there(pin, pristine_tree):
    assert pin in PINS
    tree = pristine_tree(pin)
    quoted = [(text, file) for text, named, file in _quotes("faq.md") if named == pin]
    missing = [(text, file) for text, file in quoted if text not in (tree / file).read_text(encoding="utf-8")]
    assert missing == []
