"""Workspaces with classes that are wrong on purpose, and YAMLs that put them into a base model.

A class takes upstream's arguments: `Conv`'s (c1, c2, k, s, ...), or those of the family's block (c1, c2, n, ...).
It may use what the upstream file that it is appended to has: `torch`, `nn`, `F`, `Conv`, `Bottleneck`, the blocks.
"""

from __future__ import annotations

import hashlib
import json
import re
import textwrap
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

import pytest
from filelock import FileLock
from jinja2 import FileSystemLoader

from yolopatch.catalog.model.models import find_model
from yolopatch.catalog.pins import PINS, Pin, style_of
from yolopatch.catalog.resources import templates_dir
from yolopatch.cli.verify.page.evidence import Words, show
from yolopatch.cli.verify.page.vocabulary import find_words
from yolopatch.core.model.cfg_text import Cfg, render_text
from yolopatch.core.templates import template_environment
from yolopatch.errors import EXIT_VERIFY
from yolopatch.wire.codec import decode, encode
from yolopatch.wire.verification import CheckEnded, History, VerifyRequest

PIN = "ultralytics-8.3.0"

# a row of a model YAML: sources, repeats, class, arguments
_ROW = re.compile(r"\[(-?\d+|\[[-\d, ]+\]), (\d+), ([\w.]+), \[([^\]]*)\]\]")

# What parse_model does for upstream's own Conv and blocks, for the classes in {names}, of which {blocks} are blocks.
_BRANCHES = {
    "ultralytics": """\
        elif m in ({names},):
            c1, c2 = ch[f], args[0]
            if c2 != nc:
                c2 = make_divisible(min(c2, max_channels) * width, 8)
            args = [c1, c2, *args[1:]]
            if m in ({blocks}):
                args.insert(2, n)
                n = 1
                if scale in "mlx":
                    args[3] = True
""",
    "yolov5": """\
        elif m in ({names},):
            c1, c2 = ch[f], args[0]
            if c2 != no:
                c2 = make_divisible(c2 * gw, 8)
            args = [c1, c2, *args[1:]]
            if m in ({blocks}):
                args.insert(2, n)
                n = 1
""",
}
_BEFORE = {"ultralytics": "        elif m is AIFI:\n", "yolov5": "        elif m is nn.BatchNorm2d:\n"}


def told_in_words(check: str, evidence: Mapping[str, object]) -> str:
    """Return the evidence as the page shows it; fail for a key that has no words, wherever in the suite it turns up."""

    def words(key: str) -> Words:
        found = find_words(check, key)
        assert found, f"{check}: the key {key!r} of its evidence has no words in cli/verify/page/vocabulary.py"
        return found

    return repr(show(evidence, words))


@pytest.fixture(scope="session")
def broken_workspace(shared, full_workspace, git_in):
    """Give a full workspace with further classes in it, committed by a user. Read it only: all tests share it.

    `sources` are classes by name, `blocks` those names that are called as the family's block is, and `branches`
    code for `parse_model` by class name, in place of the usual: the body of an `elif m is NAME:`.
    """

    def make(
        sources: Mapping[str, str],
        *,
        blocks: Collection[str] = (),
        branches: Mapping[str, str] | None = None,
        pin: str = PIN,
        flavor: str = "paper",
    ) -> Path:
        told = [pin, flavor, dict(sources), sorted(blocks), branches or {}]
        digest = hashlib.sha256(json.dumps(told).encode()).hexdigest()[:12]
        place = shared / f"broken-{pin}-{digest}"
        origin = full_workspace(pin, flavor)
        with FileLock(place.with_name(place.name + ".lock")):
            if not place.exists():
                unfinished = place.with_name(place.name + ".part")
                git_in(shared, "clone", "-q", str(origin), str(unfinished))
                _add_classes(unfinished, PINS[pin], sources, blocks, branches or {})
                git_in(unfinished, "commit", "-q", "-a", "-m", "Add classes of my own")
                unfinished.rename(place)
        return place

    return make


def _add_classes(
    place: Path, pin: Pin, sources: Mapping[str, str], blocks: Collection[str], branches: Mapping[str, str]
) -> None:
    common, parser = place / pin.layout.common, place / pin.layout.parser
    with common.open("a", encoding="utf-8") as stream:
        for source in sources.values():
            stream.write("\n\n" + textwrap.dedent(source).strip("\n") + "\n")
    text = parser.read_text(encoding="utf-8")
    usual = [name for name in sources if name not in branches]
    added = "".join(f"        elif m is {name}:\n{_body(code)}" for name, code in branches.items())
    if usual:
        block_names = "".join(f"{name}, " for name in usual if name in blocks)
        added += _BRANCHES[pin.layout.style].format(names=", ".join(usual), blocks=block_names)
    before = _BEFORE[pin.layout.style]
    assert text.count(before) == 1
    text = text.replace(before, added + before)
    if pin.layout.style == "ultralytics":
        text = text.replace(
            "\n\ndef ", f"\n\nfrom ultralytics.nn.modules.block import {', '.join(sources)}\n\n\ndef ", 1
        )
    parser.write_text(text, encoding="utf-8")


def _body(code: str) -> str:
    return textwrap.indent(textwrap.dedent(code).strip("\n"), " " * 12) + "\n"


@pytest.fixture
def broken_cfg(tmp_path):
    """Write a base model's YAML with a class in some of its rows.

    `layers` are the rows' numbers; `args` is what the row says after the output channels, None to leave it as it is.
    """

    def write(
        class_name: str,
        layers: Sequence[int] = (1, 3),
        args: str | None = None,
        *,
        scale: str = "n",
        pin: str = PIN,
        folder: Path | None = None,
    ) -> Path:
        model = find_model(PINS[pin].model)
        text = render_text(Cfg(model, scale), template_environment(FileSystemLoader(templates_dir()))).partition(
            "\n\n"
        )[2]
        rows = iter(range(len(model.layers)))

        def replaced(row: re.Match) -> str:
            if next(rows) not in layers:
                return row.group()
            sources, repeats, _, given = row.groups()
            channels = given.split(",")[0]
            return f"[{sources}, {repeats}, {class_name}, [{given if args is None else f'{channels}, {args}'}]]"

        # only rows: the header quotes none, and `scales` has no class names
        file = (folder or tmp_path) / f"{model.name}{scale}-{class_name}.yaml"
        file.write_text(_ROW.sub(replaced, text), encoding="utf-8")
        return file

    return write


@pytest.fixture
def verify(yolopatch):
    """Run `yolopatch verify WORKSPACE --cfg CFG ...` with these checks; no check named means all of them."""

    def call(workspace: Path, cfg: Path, *arguments: object, checks: Sequence[str] = ()):
        chosen = [word for check in checks for word in ("--check", check)]
        ran = yolopatch("verify", workspace, "--cfg", cfg, *chosen, *arguments)
        if "--json" in arguments and ran.code in (0, EXIT_VERIFY):
            for run in ran.json.get("runs", [ran.json]):
                for check in run["checks"]:
                    told_in_words(check["id"], check["evidence"])
        return ran

    return call


# Checks of many models in one process: importing upstream takes longer than most checks.
_FINDINGS = """
import json, sys
from pathlib import Path
from yolopatch.probe.upstreams.opening import open_upstream
from yolopatch.probe.checks.verification import verify
from yolopatch.wire.codec import decode, encode
from yolopatch.wire.verification import CheckEnded, VerifyRequest

upstream, answers = open_upstream(sys.argv[1]), []
for asked in json.load(sys.stdin):
    request, found = decode(VerifyRequest, asked), []
    Path(request.folder).mkdir()
    verify(upstream, request, lambda message: found.append(message) if isinstance(message, CheckEnded) else None)
    answers.append([encode(one) for one in found])
print("\\n" + json.dumps(answers))
"""


@pytest.fixture
def findings(in_upstream, tmp_path):
    """Run checks on YAMLs in one process; returns what they found, a list for each YAML.

    `asked` has the YAML, its scale, and the ids of the checks.
    """

    def run(workspace: Path, pin: str, asked: Sequence[tuple[Path, str, Sequence[str]]]) -> list[list[CheckEnded]]:
        requests = [
            VerifyRequest(
                workspace=str(workspace),
                style=style_of(PINS[pin]),
                cfg=str(cfg),
                scale=scale,
                imgsz=320,
                device="cpu",
                pristine=None,
                base=None,
                multiples=None,
                history=History(True, None, {}),
                folder=str(tmp_path / f"checks-{number}"),
                checks=tuple(checks),
            )
            for number, (cfg, scale, checks) in enumerate(asked)
        ]
        given, limit = [encode(one) for one in requests], max(600, 60 * len(requests))
        said = in_upstream(workspace, _FINDINGS, style_of(PINS[pin]), given=given, timeout=limit)
        answers = [[decode(CheckEnded, one) for one in found] for found in json.loads(said.splitlines()[-1])]
        for ended in (one for found in answers for one in found):
            told_in_words(ended.id, ended.evidence)
        return answers

    return run
