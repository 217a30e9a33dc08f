"""The pages name files and folders that are there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
_LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")
# a path below the package, the tests or the root, as `core/patch/compose.py`
_FILE = re.compile(r"`((?:[\w.-]+/)+[\w.-]+\.(?:py|md|yml|txt|json))`")
_NAME = re.compile(r"`(\w+\.py)`")
_FOLDERS = (ROOT, ROOT / "yolopatch", ROOT / "yolopatch" / "probe")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_of_a_page_leads_somewhere(page):
    links = [link for link in _LINK.findall(page.read_text(encoding="utf-8")) if "://" not in link]
    assert [link for link in links if not (page.parent / link).exists()] == []


@pytest.mark.parametrize("name", ["docs/architecture.md", "CONTRIBUTING.md"])
def test_every_file_that_the_developers_pages_name_is_there(name):
    text = (ROOT / name).read_text(encoding="utf-8")
    named = _FILE.findall(text)
    assert len(named) > 5
    assert [file for file in named if not any((folder / file).exists() for folder in _FOLDERS)] == []
    # a name without a folder stands near its folder, and some file has it
    known = {file.name for file in ROOT.glob("yolopatch/**/*.py")}
    assert set(_NAME.findall(text)) - known == set()
