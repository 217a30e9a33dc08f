"""The commands, options and checks that the README and the pages name exist."""

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest

from yolopatch.cli.group import cli
from yolopatch.wire.checks import CHECKS

ROOT = Path(__file__).parents[2]
PAGES = sorted(page.relative_to(ROOT).as_posix() for page in (*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")))
_CODE = re.compile(r"```\w*\n(.*?)```|`([^`\n]+(?:\n[^`\n]+)?)`", re.DOTALL)
_COMMAND = re.compile(r"(?:^|(?<=\s))(?:\S*/)?yolopatch (?!-)([a-z].*)")


def _commands(text: str) -> list[list[str]]:
    """Return the words of each `yolopatch ...` in code, without what follows `--`, `|` or `#`."""
    code = "\n".join(block or " ".join(inline.split()) for block, inline in _CODE.findall(text))
    lines = [found[1] for line in code.splitlines() if (found := _COMMAND.search(line))]
    return [re.split(r"\s(?:--(?=\s)|[|#>])", line)[0].split() for line in lines]


def _find(words: list[str]) -> tuple[click.Command, list[str]]:
    command, context = cli, click.Context(cli, info_name="yolopatch")
    while isinstance(command, click.Group) and words and not words[0].isupper():
        found = command.get_command(context, words[0])
        assert found is not None, f"no command {words[0]}"
        command, words = found, words[1:]
    return command, words


@pytest.mark.parametrize("page", PAGES)
def test_the_commands_and_options_exist(page):
    for words in _commands((ROOT / page).read_text(encoding="utf-8")):
        command, arguments = _find(words)
        known = {name for option in command.params for name in (*option.opts, *option.secondary_opts)} | {"--help"}
        used = {word.split("=")[0].rstrip(".,:;)") for word in arguments if word.startswith("--")}
        assert used <= known, " ".join(words)


def test_the_commands_are_found_in_a_page():
    text = "Type `yolopatch env run w -- python train.py --epochs 1` or\n```\nyolopatch list pins  # all\n```\n"
    assert _commands(text) == [["env", "run", "w"], ["list", "pins"]]


def test_the_page_on_verify_has_every_check():
    text = (ROOT / "docs/verify.md").read_text(encoding="utf-8")
    named = [
        name for row in re.findall(r"^\| (`[^|]+) \|", text, re.MULTILINE) for name in re.findall(r"`([^`]+)`", row)
    ]
    assert named == [check.id for check in CHECKS]
