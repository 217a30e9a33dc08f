"""A finished English text is translated by the message that it was made from."""

from __future__ import annotations

import subprocess
import sys

import pytest

from yolopatch.core.language.messages import Messages, sorted_lines
from yolopatch.core.language.spoken import titled
from yolopatch.core.language.translator import Translator


def _messages(translations: dict[str, str]) -> Messages:
    return Messages(sorted_lines(translations).__getitem__)


CHINESE = Translator(
    "zh",
    _messages(
        {
            "nothing was changed": "没有任何改动",
            "{count} layers were replaced": "替换了 {count} 层",
            "{count} layers of {model} were replaced": "{model} 替换了 {count} 层",
            "{path} is missing: {why}": "缺少 {path}：{why}",
            "no file {name} in {folder}": "{folder} 中没有文件 {name}",
            "{verdict} at {file}": "{file} 处{verdict!w}",
            "failed": "失败",
            "a dictionary {{name: value}} of {kind}": "{kind} 的字典 {{name: value}}",
            "{name} and {name} again": "{name} 又是 {name}",
            "{first}: {second}": "{first}——{second}",
            "{cls} has its own {kernel}{more}": "{cls} 有自己的 {kernel}{more}",
            "({count!n} such layers)": "（共 {count} 层）",
            "did you mean {names}?": "是 {names} 吗？",
            "{file} cannot be read: {why}": "无法读取 {file}：{why}",
            "{file} cannot be read": "{file} 无法读取",
        }
    ),
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("nothing was changed", "没有任何改动"),
        ("7 layers were replaced", "替换了 7 层"),
        ("7 layers of a.yaml were replaced", "a.yaml 替换了 7 层"),
        ("a dictionary {name: value} of ints", "ints 的字典 {name: value}"),
        ("x and x again", "x 又是 x"),
    ],
)
def test_values_are_put_into_the_translation_of_the_message(text, expected):
    assert CHINESE.translate(text) == expected


def test_the_message_with_the_most_fixed_letters_counts():
    assert CHINESE.translate("3 layers of my model were replaced") == "my model 替换了 3 层"


def test_of_two_that_fit_alike_the_one_with_a_place_for_a_number_counts():
    messages = {
        "{arm} at scale {scale}": "规模 {scale} 的 {arm}",
        "{names} and {count!n} more": "{names}，另有 {count} 个",
    }
    assert Translator("zh", _messages(messages)).translate("a at scale n and 50 more") == "规模 n 的 a，另有 50 个"


def test_a_value_that_is_a_text_is_translated_too():
    text = "a.pt is missing: no file a.pt in my folder"
    assert CHINESE.translate(text) == "缺少 a.pt：my folder 中没有文件 a.pt"


def test_what_is_added_to_a_value_is_told_from_it():
    assert CHINESE.translate("A has its own 3×3 kernel (2 such layers)") == "A 有自己的 3×3 kernel（共 2 层）"
    assert CHINESE.translate("A has its own kernel") == "A 有自己的 kernel"


def test_code_is_not_taken_apart():
    text = "7 layers were replaced, `x: y, nothing was changed`"
    assert CHINESE.translate(text) == "替换了 7 层，`x: y, nothing was changed`"


def test_names_are_joined_in_this_language():
    assert CHINESE.translate("did you mean DSConv or SPConv or GSConv?") == "是 DSConv 或 SPConv 或 GSConv 吗？"
    assert CHINESE.translate("did you mean a, b and c?") == "是 a, b 和 c 吗？"


def test_a_message_with_a_separator_of_its_own_is_not_taken_apart():
    assert CHINESE.translate("a.pt cannot be read: x: y") == "无法读取 a.pt：x: y"


def test_a_list_of_texts_is_translated_item_by_item():
    assert CHINESE.translate("a.pt is missing: nothing was changed; no file b in c") == (
        "缺少 a.pt：没有任何改动；c 中没有文件 b"
    )


def test_texts_that_are_joined_are_translated_one_by_one():
    assert (
        CHINESE.translate("a.yaml: nothing was changed, 7 layers were replaced") == "a.yaml：没有任何改动，替换了 7 层"
    )


def test_a_single_word_is_translated_only_where_the_translation_asks_for_it():
    assert CHINESE.translate("failed at a.yaml") == "a.yaml 处失败"
    assert CHINESE.translate("failed layers were replaced") == "替换了 failed 层"


@pytest.mark.parametrize("name", ["SPConv, 卷积", "卷积, SPConv", "卷积: 3", "甲; 乙", "空洞卷积, 注意力"])
def test_a_name_keeps_the_signs_that_its_user_wrote(name):
    assert CHINESE.translate(name) == name
    assert CHINESE.translate(f"2 layers of {name} were replaced") == f"{name} 替换了 2 层"


def test_a_row_of_a_table_is_no_text():
    assert CHINESE.translate("  7   layers were replaced   +1%") == "  7   layers were replaced   +1%"
    assert CHINESE.translate("a.pt      12  is missing: 3") == "a.pt      12  is missing: 3"


def test_space_and_colours_around_a_text_stay():
    assert CHINESE.translate("  \x1b[31mfailed\x1b[0m\n") == "  \x1b[31m失败\x1b[0m\n"
    assert CHINESE.translate("\x1b[1m7\x1b[0m layers were replaced") == "替换了 \x1b[1m7\x1b[0m 层"


@pytest.mark.parametrize(
    "text", ["", " ", "/a/path/failed.yaml", "C3k2_DSConv", "x: y", "someone's own words", "替换了 7 层"]
)
def test_what_was_made_from_no_message_stays(text):
    assert CHINESE.translate(text) == text


def test_lines_are_translated_one_by_one():
    assert CHINESE.translate("nothing was changed\nx\n7 layers were replaced") == "没有任何改动\nx\n替换了 7 层"


def test_english_stays():
    assert Translator("en", _messages({})).translate("nothing was changed") == "nothing was changed"


def test_a_hostile_value_takes_no_longer_than_a_plain_one():
    """The placeholders of a pattern match lazily, so a long text is read in one pass for each of them."""
    text = f"{'no file is missing: ' * 2000} in {', ' * 2000}"
    assert CHINESE.translate(text).endswith(", ")


def test_a_title_that_was_cut_keeps_the_space_behind_its_colon():
    """Only a full-width colon needs none; other signs in the title do not matter."""
    assert titled("parse_model: CAFMAtten\N{HORIZONTAL ELLIPSIS}:", "is added") == "parse_model: CAFMAtten…: is added"
    assert titled("检测:", "is added") == "检测: is added"


def test_a_translated_value_has_no_space_between_chinese_and_another_keeps_its_own():
    messages = {"without {what} it is {count}": "不计 {what} 则为 {count}", "the base's own layers": "基准模型自己的层"}
    chinese = Translator("zh", _messages(messages))
    assert chinese.translate("without the base's own layers it is 3") == "不计基准模型自己的层则为 3"
    assert chinese.translate("without Conv2d it is 3") == "不计 Conv2d 则为 3"
    assert chinese.translate("without 模型.yaml it is 3") == "不计 模型.yaml 则为 3"


def test_what_opens_a_sentence_stands_before_all_of_it():
    messages = {
        "unlike in `{path}`: {what}": "与 `{path}` 不同：{what}",
        "`{code}` is removed": "删除 `{code}`",
        "`{a}`; `{b}` and {count!n} more statements are removed": "删除 `{a}`；`{b}`，另有 {count} 条语句",
        "`{new}`, not `{old}`": "`{new}`，原为 `{old}`",
        "unlike in `{path}`: no file": "与 `{path}` 不同：没有文件",
    }
    chinese = Translator("zh", _messages(messages))
    assert chinese.translate("unlike in `a.py`: `x = f(a, b)` is removed") == "与 `a.py` 不同：删除 `x = f(a, b)`"
    assert chinese.translate("unlike in `a.py`: `x`, not `y`") == "与 `a.py` 不同：`x`，原为 `y`"
    assert (
        chinese.translate("`assert is a, no`, not `assert not a file`") == "`assert is a, no`，原为 `assert not a file`"
    )
    assert chinese.translate("unlike in `a.py`: no file") == "与 `a.py` 不同：没有文件"
    assert chinese.translate("unlike in `a.py`: `x`; `y` and 3 more statements are removed") == (
        "与 `a.py` 不同：删除 `x`；`y`，另有 3 条语句"
    )


def test_the_help_looks_its_texts_up_and_needs_no_patterns():
    code = (
        "import sys\n"
        "from yolopatch.cli.run import run\n"
        "run(['--help', '--lang', 'zh'])\n"
        "slow = {'json', 'yolopatch.core.language.reading', 'yolopatch.core.language.patterns'}\n"
        "sys.exit(str(slow & set(sys.modules)))"
    )
    ran = subprocess.run([sys.executable, "-X", "utf8", "-c", code], capture_output=True, encoding="utf-8")
    assert ran.stderr.strip() == "set()"
    assert "用法：" in ran.stdout


def test_a_text_is_found_at_the_start_the_end_and_across_lines():
    messages = {"a first": "一", "two\nlines {of} it": "两行 {of}", "zz last": "末", "b\nc": "乙\n丙"}
    chinese = Translator("zh", _messages(messages))
    found = [chinese.translate(text) for text in ("a first", "zz last", "b\nc", "two\nlines 3 it", "b\nd", "")]
    assert found == ["一", "末", "乙\n丙", "两行 3", "b\nd", ""]
