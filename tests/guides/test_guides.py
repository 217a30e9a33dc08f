"""The guides, done as they are printed."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from .conftest import same_for_the_reader
from .page import Command, commands_of, read_page

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "guides"
YOLO8, YOLO11 = "ultralytics-8.2.50", "ultralytics-8.3.0"
QUICK = ("offline", "own-module")
SLOW = ("ablation", "blog-post", "first-model", "fork", "official-weights", "servers", "which-version")
GUIDES = sorted((*QUICK, *SLOW))
LIMIT = 1500  # seconds, for one guide on a busy machine


def _pages(guide: str) -> tuple[Path, Path]:
    return FOLDER / f"{guide}.md", FOLDER / f"{guide}.zh.md"


@pytest.mark.more
@pytest.mark.parametrize("guide", [*QUICK, *(pytest.param(one, marks=pytest.mark.slow) for one in SLOW)])
def test_a_guide_works_as_it_is_printed(guide, read_and_do, need_pin, own_code_runs):
    page, _ = _pages(guide)
    for pin in {YOLO11} | ({YOLO8} if YOLO8 in page.read_text(encoding="utf-8") else set()):
        need_pin(pin)
        own_code_runs(pin)
    read_and_do(page, LIMIT)


def test_every_guide_is_run_and_has_both_languages():
    assert sorted(file.name for file in FOLDER.iterdir()) == sorted(
        f"{g}{end}" for g in GUIDES for end in (".md", ".zh.md")
    )


@pytest.mark.parametrize("guide", GUIDES)
def test_both_languages_have_the_same_commands_and_output(guide):
    english, chinese = map(read_page, _pages(guide))
    assert same_for_the_reader(english) == same_for_the_reader(chinese)
    for one, other in zip(english, chinese):
        if isinstance(one, Command):
            assert isinstance(other, Command)
            assert one.shown == other.shown


@pytest.mark.parametrize("guide", GUIDES)
def test_a_guide_tells_how_it_goes_on(guide):
    english, chinese = (page.read_text(encoding="utf-8") for page in _pages(guide))
    for text, heads in (
        (english, ("**You have**", "**You get**", "## What can go wrong", "**Next:**")),
        (chinese, ("**你有**", "**你会得到**", "## 可能遇到的问题", "**下一步：**")),
    ):
        places = [text.find(head) for head in heads]
        assert -1 not in places, heads
        assert places == sorted(places)
    following = [
        re.findall(r"\(([a-z-]+)(?:\.zh)?\.md\)", text.rpartition(head)[2])
        for text, head in ((english, "**Next:**"), (chinese, "**下一步：**"))
    ]
    assert following[0] == following[1]
    assert following[0], "it goes on somewhere"
    assert set(following[0]) <= set(GUIDES) - {guide}


def test_little_is_left_out_of_the_tests():
    not_run = [command for guide in GUIDES for command in commands_of(_pages(guide)[0]) if command.not_run is not None]
    assert all(command.not_run for command in not_run), "each has its reason"
    every = sum(len(commands_of(_pages(guide)[0])) for guide in GUIDES)
    assert len(not_run) <= every / 6
