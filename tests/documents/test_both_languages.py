"""Every page is there in both languages, but for those in a list that may only get shorter."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ENGLISH_ONLY = Path(__file__).with_name("english_only.txt")
_CODE = re.compile(r"^ *(`{3,}).*?^ *\1`*$", re.MULTILINE | re.DOTALL)


def test_a_page_without_a_chinese_twin_is_in_the_list():
    pages = {page for page in ROOT.glob("docs/**/*.md") if not page.name.endswith(".zh.md")}
    alone = sorted(page.relative_to(ROOT).as_posix() for page in pages if not page.with_suffix(".zh.md").is_file())
    listed = ENGLISH_ONLY.read_text(encoding="utf-8").split()
    assert [page for page in alone if page not in listed] == [], "write its Chinese twin: PAGE.zh.md"
    assert [page for page in listed if page not in alone] == [], (
        f"it has a twin now: take it out of {ENGLISH_ONLY.name}"
    )


def test_a_chinese_page_has_an_english_twin():
    pages = ROOT.glob("docs/**/*.zh.md")
    assert [page for page in pages if not page.with_name(page.name.replace(".zh.md", ".md")).is_file()] == []


@pytest.mark.parametrize("page", sorted(ROOT.glob("docs/**/*.zh.md")), ids=lambda page: page.name)
def test_twins_have_the_same_sections(page):
    """So neither tells what the other does not, and links to a section of one lead somewhere in the other."""
    twin = page.with_name(page.name.replace(".zh.md", ".md"))
    assert _levels(page) == _levels(twin)


def _levels(page: Path) -> list[str]:
    text = _CODE.sub("", page.read_text(encoding="utf-8"))
    return re.findall(r"^(#+) ", text, re.MULTILINE)
