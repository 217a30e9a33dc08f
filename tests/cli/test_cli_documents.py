"""The commands, options and checks that the README and the pages name exist."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from yolopatch import __version__
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


def _leaves(command: click.Command, name: str = "") -> Iterator[tuple[str, click.Command]]:
    """Yield every command that is no group, with its name."""
    if not isinstance(command, click.Group):
        yield name, command
        return
    context = click.Context(command, info_name="yolopatch")
    for one in command.list_commands(context):
        found = command.get_command(context, one)
        assert found is not None
        yield from _leaves(found, f"{name} {one}".strip())


@pytest.mark.parametrize(("name", "command"), _leaves(cli), ids=lambda value: value if isinstance(value, str) else "")
def test_a_page_that_names_the_command_tells_of_each_option(name, command):
    texts = [
        (ROOT / page).read_text(encoding="utf-8") for page in PAGES if not page.startswith(("CHANGELOG", "CONTRI"))
    ]
    naming = " ".join(text for text in texts if re.search(rf"(?:yolopatch |`){name}\b", text))
    for option in (
        one for one in command.params if isinstance(one, click.Option) and one.name not in ("as_json", "lang")
    ):
        words = [word for word in (*option.opts, *option.secondary_opts) if word.startswith("--")]
        assert any(re.search(rf"{word}(?![\w-])", naming) for word in words), words


def test_the_commands_are_found_in_a_page():
    text = "Type `yolopatch env run w -- python train.py --epochs 1` or\n```\nyolopatch list pins  # all\n```\n"
    assert _commands(text) == [["env", "run", "w"], ["list", "pins"]]


@pytest.fixture
def type_in(tmp_path):
    """Run lines in bash, as a new user types them in an empty folder without a network."""
    command = tmp_path / "bin" / "yolopatch"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m yolopatch "$@"\n')
    command.chmod(0o755)
    folder = tmp_path / "empty"
    folder.mkdir()
    nobody_listens = "http://127.0.0.1:9"
    proxies = dict.fromkeys(("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"), nobody_listens)
    path = f"{command.parent}{os.pathsep}{os.environ['PATH']}"
    # upstream writes its runs elsewhere where it finds pytest
    plain = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    variables = {**plain, **proxies, "PATH": path, "PYTHONPATH": str(ROOT)}

    def call(lines: str) -> Path:
        words = ["bash", "-e", "-c", lines]
        done = subprocess.run(words, cwd=folder, env=variables, capture_output=True, text=True, timeout=1200)
        assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
        return folder

    return call


@pytest.mark.more
def test_the_examples_of_help_work_one_after_the_other(type_in, need_pin):
    """Those that end at once, in an order in which each finds what it needs."""
    need_pin("ultralytics-8.3.0")
    calls = ("list", "apply", "status", "diff", "render-cfg", "data shapes", "data check", "remove")
    examples = {call: _find(call.split())[0].epilog.removeprefix("Example: ") for call in calls}
    folder = type_in("\n".join(examples.values()))
    assert {path.name for path in folder.iterdir()} == {"my-yolo", "shapes", "dsconv.patch", "yolo11n-C3k2-DSConv.yaml"}


def test_who_cites_the_readmes_workspace_cites_what_its_command_makes(type_in, need_pin):
    need_pin("ultralytics-8.3.0")
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    note = re.search(r"note += \{yolopatch (\S+): (yolopatch apply .*)\}", text)
    assert note[1] == __version__
    folder = type_in(f"{note[2]} --dest made; git -C made rev-parse HEAD > id")
    named = set(re.findall(r"\b[0-9a-f]{40}\b", text))
    assert named == {(folder / "id").read_text().strip()}


def test_the_page_on_verify_has_every_check():
    text = (ROOT / "docs/verify.md").read_text(encoding="utf-8")
    named = [
        name for row in re.findall(r"^\| (`[^|]+) \|", text, re.MULTILINE) for name in re.findall(r"`([^`]+)`", row)
    ]
    assert named == [check.id for check in CHECKS]
