"""What the site is built from: links, the help of commands, docstrings, the navigation, the indexes."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture
def repository(tmp_path) -> Path:
    """A small repository with pages that link to each other."""
    for name in (
        "CONTRIBUTING.md",
        "README.md",
        "LICENSE",
        "docs/a.md",
        "docs/a.zh.md",
        "docs/deep/b.md",
        "e/grid.toml",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("# A page\n")
    return tmp_path


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("docs/a.md", "[b](deep/b.md#x)", "[b](deep/b.md#x)"),
        ("docs/a.md", "[how](../CONTRIBUTING.md)", "[how](project/contributing.md)"),
        ("docs/deep/b.md", "[start](../../README.md)", "[start](../index.md)"),
        ("docs/deep/b.md", "[grid](../../e/grid.toml)", "[grid](../files/e/grid.toml)"),
        ("CONTRIBUTING.md", "[a](docs/a.md), [`b`](docs/deep/b.md)", "[a](../a.md), [`b`](../deep/b.md)"),
        ("CONTRIBUTING.md", "[terms](LICENSE)", "[terms](../files/LICENSE.txt)"),
        ("docs/a.zh.md", "[b](deep/b.md)", "[b](deep/b.md)"),
        ("docs/deep/b.zh.md", "[甲](../a.zh.md#x)", "[甲](../a.md#x)"),
        ("docs/deep/b.md", "[中文](../a.zh.md#甲)", '<a href="../zh/a.html#甲">中文</a>'),
        ("docs/a.md", "`[b](../CONTRIBUTING.md)`", "`[b](../CONTRIBUTING.md)`"),
        ("docs/a.md", "```\n[b](../CONTRIBUTING.md)\n```\n", "```\n[b](../CONTRIBUTING.md)\n```\n"),
        ("docs/a.md", "[away](https://x.org/a.md), [gone](no.md)", "[away](https://x.org/a.md), [gone](no.md)"),
    ],
)
def test_a_link_of_the_repository_works_on_the_site(repository, name, text, expected):
    from links import Page, place

    page = Page(repository, repository / name, place(Path(name)))
    assert page.rewritten(text) == expected


def test_a_file_that_a_page_links_to_comes_with_the_site(repository):
    from links import Page

    page = Page(repository, repository / "docs/a.md", "a.md")
    page.rewritten("[grid](../e/grid.toml) and [b](deep/b.md)")
    assert page.files == {"files/e/grid.toml": repository / "e/grid.toml"}


def test_a_chinese_page_has_the_anchors_of_its_english_twin():
    from anchors import with_anchors

    english = "# A page\n\n## The `--seed`\n\n```\n## no heading\n```\n\n### JSON\n"
    chinese = "# 页面\n\n## 随机种子\n\n```\n## 不是标题\n```\n\n### JSON\n"
    assert with_anchors(chinese, english) == chinese.replace("## 随机种子", '## 随机种子 <a id="the---seed"></a>')
    assert with_anchors("## 随机种子 {#seed}\n", "## The seed\n") == "## 随机种子 {#seed}\n"
    # of pages with other headings nobody knows which is which
    assert with_anchors("## 一\n\n## 二\n", english) == "## 一\n\n## 二\n"


def test_a_help_text_is_taken_apart():
    from help_text import take_apart

    found = take_apart(
        "Usage: yolopatch apply [OPTIONS]\n\n  Add modules.\n\n  More of it.\n\nOptions:\n"
        "  --repo NAME  The pin.  [default: none]\n  --a-long-name-of-an-option|b\n                Its meaning.\n\n"
        "  Example: yolopatch apply --repo yolov5\n"
    )
    assert found.usage == "yolopatch apply [OPTIONS]"
    assert found.paragraphs == ("Add modules.", "More of it.")
    assert found.options == (
        ("--repo NAME", "The pin.  [default: none]"),
        ("--a-long-name-of-an-option|b", "Its meaning."),
    )
    assert found.example == "yolopatch apply --repo yolov5"


def test_a_help_text_in_chinese_is_taken_apart():
    from help_text import take_apart

    found = take_apart(
        "用法：yolopatch list\n\n  列出模块。\n\n选项：\n  --json  输出 JSON。\n\n  示例：yolopatch list pins\n"
    )
    assert (found.usage, found.paragraphs, found.example) == ("yolopatch list", ("列出模块。",), "yolopatch list pins")
    assert found.options == (("--json", "输出 JSON。"),)


@pytest.mark.more
def test_the_reference_has_every_command_option_and_check():
    import reference

    from yolopatch.wire.checks import CHECKS

    found = reference.pages(ROOT)
    apply = found["reference/cli/apply.md"][1]
    assert "`--flavor paper|tutorial`" in apply
    assert "yolopatch apply --repo ultralytics --module DSConv" in apply
    assert "](../../commands.md)" in apply
    for language in ("", ".zh"):
        checks = found[f"reference/checks{language}.md"][1]
        assert re.findall(r"^`([\w-]+)`$", checks, re.M) == [check.id for check in CHECKS]
        codes = found[f"reference/exit-codes{language}.md"][1]
        assert re.findall(r"^\| (\d+) \|", codes, re.M) == ["0", "1", "2", "3", "4", "5", "130"]
        assert f"reference/cli/env-create{language}.md" in found


@pytest.mark.more
def test_the_reference_has_every_function_with_its_arguments():
    import inspect

    import reference

    from yolopatch import api

    text = reference.pages(ROOT)["reference/api.md"][1]
    for name in ("apply", "render_cfg", "verify", "compare", "ablate", "adopt"):
        section = text.partition(f"\n## {name}\n")[2].partition("\n## ")[0]
        for argument in inspect.signature(getattr(api, name)).parameters:
            assert re.search(rf"`[^`]*\b{argument}\b[^`]*`\n:   ", section), (name, argument)
    assert "### Verification" in text


def test_the_reference_says_in_chinese_what_the_docstrings_say(monkeypatch):
    import docstrings
    import spoken_docstrings

    file = ROOT / "yolopatch" / "api.py"
    module, functions = docstrings.module_text(file), docstrings.functions(file)
    described = [*functions, *(docstrings.result(file, one.returns, ROOT) for one in functions)]
    said, translated = spoken_docstrings.in_language(module, described, "zh")
    assert 'apply("ultralytics-8.3.0", ["DSConv"], dest="my-yolo")' in said
    assert [one.name for one in translated] == [one.name for one in described]
    for one in translated:
        for text in (one.says, *(meaning for entries in one.sections.values() for _, meaning in entries)):
            assert re.search(r"[\u4e00-\u9fff]", text), text

    with pytest.raises(LookupError, match=r"not translated: \['Says a new thing.'\]; said nowhere any more: \[\]"):
        spoken_docstrings.in_language(f"{module}\n\nSays a new thing.", described, "zh")
    with pytest.raises(LookupError, match=r"said nowhere any more: .+Each raises"):
        spoken_docstrings.in_language("", described, "zh")


def test_a_pattern_of_the_navigation_stands_for_the_pages_that_are_there(tmp_path):
    from navigation import expand

    for name in ("b.md", "a.md", "a.zh.md"):
        (tmp_path / name).write_text("# A page\n")
    nav = [{"Start": ["index.md", "*.md"]}, {"None": ["none/*.md"]}, {"Last": "last.md"}]
    assert expand(nav, tmp_path) == [{"Start": ["index.md", "a.md", "b.md"]}, {"Last": "last.md"}]


def test_each_language_gets_its_part_of_the_index(tmp_path):
    from search_index import split, use_own

    index = tmp_path / "search" / "search_index.json"
    index.parent.mkdir()
    docs = [{"location": "a.html", "text": "one"}, {"location": "zh/a.html#x", "text": "一"}]
    index.write_text(json.dumps({"config": {}, "docs": docs}))
    split(tmp_path, "zh")
    assert [entry["location"] for entry in json.loads(index.read_text())["docs"]] == ["a.html"]
    own = (tmp_path / "zh" / "search" / "search_index.js").read_text(encoding="utf-8")
    assert own == 'var __index = {"config":{},"docs":[{"location":"a.html#x","text":"一"}]}'
    head = '<script id="__config" type="application/json">{"annotate": null, "base": '
    assert use_own(f'{head}"../.."}}') == f'{head}".."}}'
    assert use_own(f'{head}".."}}') == f'{head}"."}}'


def test_the_site_needs_what_yolopatch_needs_but_torch():
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    block = re.search(r"^dependencies = \[\n(.*?)^\]", project, re.M | re.S)
    needed = set(re.findall(r'^    "([^"]+)"', block[1], re.M))
    listed = (ROOT / ".ci/site/requirements.txt").read_text(encoding="utf-8")
    assert needed - set(listed.splitlines()) == {"torch>=2.1"}
