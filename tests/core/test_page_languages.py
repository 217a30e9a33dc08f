"""A page in two languages: which texts are translated, what stays, and that a switch can go both ways."""

from __future__ import annotations

import json
import re
import time

import pytest

from yolopatch.core.page.languages import with_languages
from yolopatch.core.page.texts import find_texts

PAGE = """<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><title>The report</title><style>p { color: red }</style></head>
<body>
<h1 title="A head">  The
   report </h1>
<p>passed<br/>done &amp; gone</p>
<p translate="no">done <b title="A head">done</b></p>
<p>Run <code title="A head">done</code></p>
<pre>done</pre>
<p data-sentence="">the class <code>A&lt;B</code> is new</p>
<table aria-label="Runs"><td data-name="Runs" data-other="Runs">Runs</td></table>
<svg><text x="1">Runs</text><path d="M1 1"/></svg>
<input placeholder="Runs"> <img alt="">
<script>const done = "</p>";</script>
</body>
</html>
"""
WORDS = {
    "The report": "报告",
    "A head": "标题",
    "done & gone": '<完成> & "走"',
    "passed": "通过",
    "done": "通过",
    "the class `A<B` is new": "新的类 `A<B`",
    "Runs": "运行",
}


def translate(text: str) -> str:
    return WORDS.get(text, text)


def data_of(page: str) -> dict[str, dict[str, str]]:
    return json.loads(re.search(r'<script type="application/json" id="texts">(.*?)</script>', page)[1])


def test_finds_what_is_read_or_heard_in_its_order_and_nothing_else():
    assert [text.english for text in find_texts(PAGE)] == [
        *("The report", "A head", "The report", "passed", "done & gone", "Run"),
        *("the class `A<B` is new", "Runs", "Runs", "Runs", "Runs", "Runs"),
    ]
    assert [PAGE[text.start : text.end] for text in find_texts(PAGE)][2] == "The\n   report"


def test_an_english_page_gets_the_words_of_the_switch_and_is_else_the_same():
    page = with_languages(PAGE, translate, "en")
    assert data_of(page) == {"chinese": {one: other for one, other in WORDS.items() if one != "done"}}
    assert re.sub(r"<script type.*?</script>\n", "", page) == PAGE


def test_a_chinese_page_shows_chinese_and_keeps_data_and_white_space():
    page = with_languages(PAGE, translate, "zh")
    for part in (
        '<html lang="zh-Hans">',
        "<title>报告</title>",
        '<h1 title="标题">  报告 </h1>',
        "<p>通过<br/>&lt;完成&gt; &amp; &quot;走&quot;</p>",
        '<p translate="no">done <b title="A head">done</b></p>',
        '<p>Run <code title="A head">done</code></p>',
        '<p data-sentence="">新的类 <code>A&lt;B</code></p>',
        '<table aria-label="运行"><td data-name="运行" data-other="Runs">运行</td></table>',
        '<svg><text x="1">运行</text><path d="M1 1"/></svg>',
        '<input placeholder="运行"> <img alt="">',
    ):
        assert part in page


def test_what_has_one_word_for_several_says_which_it_was():
    page = PAGE.replace("<p>passed", "<p>done<br/>通过<br/>passed")
    assert data_of(with_languages(page, translate, "zh"))["english"] == {"通过": ["done", "通过", "passed"]}
    assert data_of(with_languages(PAGE, translate, "zh"))["english"] == {}


def test_no_translation_ends_the_script_it_stands_in():
    page = with_languages(PAGE, lambda text: f"</script><b>&{text}", "en")
    assert page.count("</script>") == 2
    assert data_of(page)["chinese"]["Run"] == "</script><b>&Run"


def test_without_translations_the_page_is_the_same():
    assert with_languages(PAGE, str, "en") == PAGE


def test_an_unknown_language_is_refused():
    with pytest.raises(KeyError):
        with_languages(PAGE, str, "fr")


def test_each_text_is_asked_for_once_and_a_large_page_takes_no_time():
    asked = []
    rows = "".join(f"<tr><th>run {number % 1000}</th><td>done</td></tr>\n" for number in range(20_000))
    started = time.perf_counter()
    with_languages(PAGE.replace("<pre>", f"<table>{rows}</table><pre>"), lambda text: asked.append(text) or text, "zh")
    assert time.perf_counter() - started < 10
    assert len(asked) == len(set(asked)) == 1008
