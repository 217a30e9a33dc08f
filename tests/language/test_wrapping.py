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
    text = "a known sentence with a few words, and a verylongword " * 5
    assert wrap(text, 40, "  ", "    ") == textwrap.wrap(text, 40, initial_indent="  ", subsequent_indent="    ")


@pytest.mark.parametrize("name", ["yolo11n-C3k2-DSConv.yaml", "--no-build", "my-yolo/runs/train/weights/best.pt"])
@pytest.mark.parametrize("text", ["look at {} and at {} again, or at {}", "请检查 {}，然后运行 {} 的各项，再看 {}"])
def test_a_name_with_hyphens_is_one_word(text, name):
    lines = wrap(text.format(name, name, name), 50, "  ", "    ")
    assert "".join(lines).count(name) == "\n".join(lines).count(name) == 3
    assert len(lines) > 1


def test_a_word_longer_than_a_line_is_cut_or_stays_whole():
    address = "https://github.com/ultralytics/ultralytics"
    assert max(map(cells_of, wrap(f"see {address} there", 20))) == 20
    assert wrap(f"see {address} there", 20, "  ", "    ", whole=True) == [f"  see {address}", "    there"]


def test_a_colour_takes_no_cell():
    text = "\x1b[1multralytics\x1b[0m and more of it"
    assert wrap(text, 20) == ["\x1b[1multralytics\x1b[0m and more", "of it"]


@given(st.text(alphabet="ab 卷积，（）`", min_size=1, max_size=80), st.integers(8, 40))
def test_nothing_is_lost(text, width):
    lines = wrap(text, width)
    assert "".join("".join(lines).split()) == "".join(text.split())
    assert all(cells_of(line) <= width for line in lines)
