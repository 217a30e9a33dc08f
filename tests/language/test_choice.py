"""The language is that of `--lang`, else of the locale, as gettext reads it."""

from __future__ import annotations

import pytest

from yolopatch.cli.language.choice import language_of


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["apply", "--lang", "zh"], "zh"),
        (["--lang=zh", "apply"], "zh"),
        (["--lang", "zh", "apply", "--lang", "en"], "en"),
        (["env", "run", "x", "--", "program", "--lang", "zh"], "en"),
        (["apply", "--lang"], "en"),
        (["apply", "--lang", "fr"], "en"),
        ([], "en"),
    ],
)
def test_the_option_can_stand_anywhere_before_another_programs_arguments(arguments, expected):
    assert language_of(arguments, {"LANG": "C"}) == expected


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({"LANG": "zh_CN.UTF-8"}, "zh"),
        ({"LANG": "zh_TW.Big5"}, "zh"),
        ({"LANG": "zh_CN.UTF-8", "LC_ALL": "C"}, "en"),
        ({"LANG": "de_DE.UTF-8", "LC_MESSAGES": "zh_CN.GBK"}, "zh"),
        ({"LANG": "C", "YOLOPATCH_LANG": "zh"}, "zh"),
        ({"LANG": "", "LC_ALL": ""}, "en"),
        ({}, "en"),
    ],
)
def test_the_locale_decides_without_the_option(environ, expected):
    assert language_of(["apply"], environ) == expected


def test_the_option_comes_before_the_locale():
    assert language_of(["--lang", "en"], {"LC_ALL": "zh_CN.UTF-8"}) == "en"
