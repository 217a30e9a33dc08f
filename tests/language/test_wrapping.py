"""Lines fit the terminal, in which a Chinese character takes two cells."""

from __future__ import annotations

import textwrap

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yolopatch.core.text import cells_of
from yolopatch.core.wrapping import wrap

CHINESE = (
    "这个层没有梯度（训练时不会更新），请检查 `forward` 里是否用了它；"
    "然后运行 `yolopatch verify my-yolo --cfg a.yaml`。"
)


@pytest.mark.parametrize("width", [20, 40, 80])
def test_no_line_is_wider(width):
    lines = wrap(CHINESE, width, "  ", "    ")
    assert all(cells_of(line) <= width for line in lines)
    assert lines[0].startswith("  这")
    assert all(line.startswith("    ") for line in lines[1:])


@pytest.mark.parametrize("width", range(16, 60))
def test_no_line_begins_with_a_closing_mark_or_ends_with_an_opening_one(width):
    lines = [line.strip() for line in wrap(CHINESE, width)]
    assert not [line for line in lines if line[0] in "，。；）" or line[-1] in "（"]


def test_words_stay_whole():
    assert "`forward`" in "\n".join(wrap(CHINESE, 24))


def test_english_is_wrapped_as_python_does():
    text = "a well-known sentence with a few words, and a-very-long-word " * 5
    assert wrap(text, 40, "  ", "    ") == textwrap.wrap(text, 40, initial_indent="  ", subsequent_indent="    ")


@given(st.text(alphabet="ab 卷积，（）`", min_size=1, max_size=80), st.integers(8, 40))
def test_nothing_is_lost(text, width):
    lines = wrap(text, width)
    assert "".join("".join(lines).split()) == "".join(text.split())
    assert all(cells_of(line) <= width for line in lines)
