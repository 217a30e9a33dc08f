"""Every page is there in both languages, but for those in a list that may only get shorter."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ENGLISH_ONLY = Path(__file__).with_name("english_only.txt")
_CODE = re.compile(r"^ *(`{3,}).*?^ *\1`*$", re.MULTILINE | re.DOTALL)

_MARKS = "，。：；、！？（）「」《》“”"
_BLOCK = re.compile(r"\s*([-*+|>#<:]|\d+\.|!!!|\?\?\?)")  # what begins with these is a block of its own


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


CHINESE = [*sorted(ROOT.glob("docs/**/*.zh.md")), ROOT / "README.zh-CN.md"]


@pytest.mark.parametrize("page", CHINESE, ids=lambda page: page.name)
def test_a_chinese_page_leads_to_chinese_pages(page):
    """Where the repository is read, and not the site, a link leads to the file that it names."""
    links = re.findall(r"\]\(([^)#\s:]+)\.md(?:#[^)\s]*)?\)", _CODE.sub("", page.read_text(encoding="utf-8")))
    english = [link for link in links if not link.endswith((".zh", "-CN"))]
    assert [link for link in english if (page.parent / f"{link}.zh.md").is_file()] == []


@pytest.mark.parametrize("page", CHINESE, ids=lambda page: page.name)
def test_no_line_of_chinese_ends_where_no_space_belongs(page):
    """A browser shows the end of a line as a space, and Chinese has none between its signs and beside its marks."""
    text = _CODE.sub("\n\n", page.read_text(encoding="utf-8"))
    pairs = zip(text.splitlines(), text.splitlines()[1:])
    assert [f"{line}\n{after}" for line, after in pairs if _goes_on(line, after) and _has_no_space(line, after)] == []


def _goes_on(line: str, after: str) -> bool:
    """Return whether the second line belongs to the paragraph of the first."""
    return (
        bool(line.strip() and after.strip())
        and not _BLOCK.match(after)
        and not line.lstrip().startswith(("|", "#", "<"))
    )


def _has_no_space(line: str, after: str) -> bool:
    last, first = line.rstrip()[-1], after.lstrip()[0]
    return last in _MARKS or first in _MARKS or all("\u2e80" <= sign <= "\u9fff" for sign in (last, first))


def _levels(page: Path) -> list[str]:
    text = _CODE.sub("", page.read_text(encoding="utf-8"))
    return re.findall(r"^(#+) ", text, re.MULTILINE)
