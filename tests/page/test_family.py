"""The pages of all commands are one family: one head, one policy, one foot, and texts that can be translated."""

from __future__ import annotations

import base64
import hashlib
import re

import pytest

from yolopatch import __version__
from yolopatch.catalog.resources import templates_dir
from yolopatch.core.page.languages import PageLanguage

from ..pages import read
from .samples import HOSTILE, PAGES, ablate

TEMPLATES = sorted((templates_dir() / "report").glob("*.j2"))
_SCRIPT = re.compile(r"<script>(.*?)</script>", re.DOTALL)
_MARKUP = re.compile(r"</?[a-zA-Z!][^>]*>")
_STATEMENT = re.compile(r"\{[%#].*?[%#]\}", re.DOTALL)
_VALUE = re.compile(r"\{\{.*?\}\}", re.DOTALL)


@pytest.mark.parametrize("name", PAGES)
def test_has_the_head_the_switches_and_the_foot_of_the_family(name):
    root = read(PAGES[name]())
    assert [one.tag for one in root.find("body")][1:] == ["header", "main", "footer", "p", "dialog", "script"]
    ids = {one.get("id") for one in root.iter()}
    assert {"dark", "theme", "language", "print", "status", "by-hand", "again"} <= ids
    command = name.partition("-")[0]
    assert root.find("body/footer/p").text == f"yolopatch {command} {__version__}"
    assert root.find("body/main")[-1].find(".//pre").text.startswith(f"yolopatch {command} ")


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("shown", ["en", "zh"])
def test_only_the_pages_own_script_runs_and_nothing_is_fetched(name, shown):
    page = PAGES[name](PageLanguage(shown, lambda text: f"译{text}"))
    (script,) = _SCRIPT.findall(page)
    name_of_script = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    (policy,) = re.findall(r'http-equiv="Content-Security-Policy" content="([^"]*)"', page)
    assert policy.split("; ") == [
        "default-src 'none'",
        "style-src 'unsafe-inline'",
        f"script-src 'sha256-{name_of_script}'",
        "base-uri 'none'",
        "form-action 'none'",
    ]
    assert not re.search(r"https?:|url\(|@import|\bfetch\(|XMLHttpRequest|\bsrc=|\son\w+=", page)


def test_the_script_is_small():
    assert len((templates_dir() / "report" / "page.js").read_bytes()) < 16_000


def test_a_hostile_name_stays_a_text_in_both_languages():
    for shown in ("en", "zh"):
        page = ablate(PageLanguage(shown, lambda text: f"译{text}"), arm=HOSTILE)
        assert len(_SCRIPT.findall(page)) == 1
        assert "<script>alert" not in page
        assert HOSTILE in "".join(read(page).itertext())


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.name)
def test_a_text_of_a_template_is_fixed_words_or_one_value(template):
    """Words and a value in one text have no translation: the sentence is then made where the value is."""
    text = _VALUE.sub("\0", _STATEMENT.sub("\1", template.read_text(encoding="utf-8")))
    for piece in re.split("[\1\n]", _MARKUP.sub("\1", text)):
        words = re.findall("[a-z]{2,}", piece)
        assert "\0" not in piece or not words or words == ["yolopatch"] or words[0] == "data", piece
