"""The page of errors: the same in both languages, and each command of it is one that the program takes."""

from __future__ import annotations

import re

import click
import pytest

from yolopatch.cli.group import cli
from yolopatch.wire.checks import CHECKS

from .entries import PAGES, entries

GROUPS = ("building", "training", "checkpoints", "numbers", "environment")
COMMANDS = sorted({tuple(words) for one in entries("en") for words in one.commands})
_LINK = re.compile(r"\]\(#([^)]+)\)")


def test_there_are_many_entries_in_every_group():
    assert len(entries("en")) >= 30
    assert tuple(dict.fromkeys(one.group for one in entries("en"))) == GROUPS


def test_an_anchor_is_there_once():
    anchors = [one.anchor for one in entries("en")]
    assert len(anchors) == len(set(anchors))


@pytest.mark.parametrize(
    "part",
    [
        lambda one: (one.group, one.anchor),
        lambda one: (one.anchor, sorted(one.texts)),
        lambda one: (one.anchor, one.commands),
        lambda one: (one.anchor, len(one.printed)),
        lambda one: (one.anchor, sorted(re.findall(r"\]\(([^)]+)\)", one.body.replace(".zh.md", ".md")))),
    ],
    ids=["anchors", "errors", "commands", "printed texts", "links"],
)
def test_both_languages_have_the_same(part):
    assert [part(one) for one in entries("zh")] == [part(one) for one in entries("en")]


@pytest.mark.parametrize("language", PAGES)
def test_a_link_to_another_entry_leads_there(language):
    anchors = {one.anchor for one in entries(language)}
    linked = {found for one in entries(language) for found in _LINK.findall(one.body)}
    assert linked <= anchors


@pytest.mark.parametrize(
    ("language", "words"), [("en", ("**Do.**", "**Check and do.**")), ("zh", ("**处理。**", "**检查并处理。**"))]
)
def test_each_entry_says_what_to_do(language, words):
    assert [one.anchor for one in entries(language) if not any(word in one.body for word in words)] == []


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_the_program_takes_the_command(words):
    command, context, rest = _find(list(words[1:]))
    own = rest[: rest.index("--")] if "--" in rest else rest
    given, _, _ = command.make_parser(context).parse_args(list(own))
    for parameter in command.params:
        value = given.get(parameter.name)
        assert value is not None or not parameter.required, f"{parameter.name} is missing"
        if isinstance(parameter.type, click.Choice) and isinstance(value, str):
            parameter.type.convert(value, parameter, context)
    assert set(given.get("check") or given.get("checks") or ()) <= {check.id for check in CHECKS}


def _find(words: list[str]) -> tuple[click.Command, click.Context, list[str]]:
    command: click.Command = cli
    context = click.Context(cli, info_name="yolopatch")
    while isinstance(command, click.Group):
        found = command.get_command(context, words[0])
        assert found is not None, f"no command {words[0]}"
        command, words = found, words[1:]
        context = click.Context(command, parent=context)
    return command, context, words
