"""Tables and progress fit the terminal, at any width, with double-width characters, and without colours in a pipe."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
import time

import click
import pytest

from yolopatch.cli import progress
from yolopatch.cli.layout import command, fitted, indented, pairs, table
from yolopatch.core.text import cells_of

HEADER = ("layer", "class", "parameters", "what it is for")
ROWS = [
    ("1", "Conv_RefConv", "1,728", "halves the map and keeps the number of its channels as the paper has it"),
    ("22", "C3k2_DSConv", "378,880", "短"),
    (
        "23",
        "检测头",
        "430,867",
        "这个检测头在三个尺度上预测目标框，每个尺度都有自己的卷积层，输出的通道数由类别数决定。",
    ),
]
WIDTHS = [24, 40, 60, 80, 120]


def shown(width: int, monkeypatch, **options) -> list[str]:
    monkeypatch.setenv("COLUMNS", str(width))
    return [click.unstyle(line) for line in table(HEADER, ROWS, left=2, **options)]


@pytest.mark.parametrize("width", WIDTHS)
def test_no_line_is_wider_than_the_terminal(width, monkeypatch):
    lines = shown(width, monkeypatch)
    assert max(map(cells_of, lines)) <= width
    told = "".join("".join(lines).split())
    for row in ROWS:
        for cell in row[:3]:
            assert cell in told


@pytest.mark.parametrize("width", [60, 80, 120])
def test_what_is_wrapped_goes_on_in_its_column(width, monkeypatch):
    header, *lines = shown(width, monkeypatch)
    start = cells_of(header[: header.index("what")])
    firsts = [line for line in lines if line[2] != " "]
    assert len(firsts) == len(ROWS) < len(lines)
    for line in lines:
        if line not in firsts:
            assert cells_of(line) - cells_of(line.lstrip()) == start


def test_a_pipe_gets_one_line_for_a_row(monkeypatch):
    monkeypatch.delenv("COLUMNS", raising=False)
    monkeypatch.setattr(os, "get_terminal_size", lambda *_: (_ for _ in ()).throw(OSError))
    assert len(list(table(HEADER, ROWS, left=2))) == 1 + len(ROWS)


def test_a_terminal_that_leaves_no_column_of_words_gets_blocks(monkeypatch):
    assert shown(24, monkeypatch)[:3] == ["  1", "    class  Conv_RefConv", "    parameters  1,728"]


def test_figures_alone_become_blocks_where_they_do_not_fit(monkeypatch):
    monkeypatch.setenv("COLUMNS", "30")
    heads = ("model", "parameters (M)", "GFLOPs", "latency (ms)")
    lines = [click.unstyle(line) for line in table(heads, [("base", "2.62", "6.5", "12.1")], left=1)]
    assert lines == ["  base", "    parameters (M)  2.62", "    GFLOPs  6.5", "    latency (ms)  12.1"]


def test_a_row_keeps_its_colour_on_every_line(monkeypatch):
    monkeypatch.setenv("COLUMNS", "60")
    lines = list(table(HEADER, ROWS[:1], left=2, colours=["green"]))[1:]
    assert len(lines) > 1
    assert all(line.startswith("\x1b[32m") for line in lines)


@pytest.mark.parametrize("width", [40, 80, 120])
def test_paragraphs_fit_and_are_never_wider_than_80(width, monkeypatch):
    monkeypatch.setenv("COLUMNS", str(width))
    lines = [*indented(ROWS[0][3] * 3), *indented(ROWS[2][3] * 2, "      ")]
    assert max(map(cells_of, lines)) <= min(width, 80)


FACTS = [
    ("modules", "DSConv (paper), SPConv (paper), EMA (paper)"),
    ("commit", "09098008526d1b7a8f90c3c04ace9ab8d1b57c93"),
    ("next", command("yolopatch verify my-yolo --cfg yolo11n-C3k2-DSConv.yaml")),
]


def test_a_value_goes_on_below_itself_and_what_is_copied_stays_whole(monkeypatch):
    monkeypatch.setenv("COLUMNS", "40")
    assert [*pairs(FACTS)] == [
        "  modules   DSConv (paper), SPConv",
        "            (paper), EMA (paper)",
        "  commit    09098008526d1b7a8f90c3c04ace9ab8d1b57c93",
        "  next      yolopatch verify my-yolo --cfg yolo11n-C3k2-DSConv.yaml",
    ]


def test_a_pipe_gets_one_line_for_a_value(monkeypatch):
    monkeypatch.delenv("COLUMNS", raising=False)
    monkeypatch.setattr(os, "get_terminal_size", lambda *_: (_ for _ in ()).throw(OSError))
    assert len([*pairs(FACTS)]) == len(FACTS)
    assert fitted("a line " * 40) == ["a line " * 40]


@pytest.mark.parametrize("width", [40, 60, 80])
@pytest.mark.parametrize("text", [ROWS[0][3], ROWS[2][3]])
def test_a_line_goes_on_two_blanks_further(text, width, monkeypatch):
    monkeypatch.setenv("COLUMNS", str(width))
    first, *others = fitted(f"  \x1b[1m23\x1b[0m  {text * 2}")
    assert first.startswith("  \x1b[1m23\x1b[0m  ")
    assert others
    assert all(line.startswith("    ") and line[4] != " " for line in others)
    assert max(map(cells_of, (first, *others))) <= width


@pytest.mark.parametrize("label", ["fetching and patching " * 5, "正在下载并打补丁" * 8])
@pytest.mark.parametrize("width", [40, 80])
def test_a_line_of_progress_takes_one_line(label, width, monkeypatch):
    drawn: list[str] = []
    monkeypatch.setenv("COLUMNS", str(width))
    monkeypatch.setattr(progress, "draw_over", drawn.append)
    monkeypatch.setattr(progress, "DELAY", 0.0)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    with progress.progress_line(label) as watch:
        watch(label, 3, 12)
        while not drawn:
            time.sleep(0.01)
    assert all(cells_of(line) < width for line in drawn)


def in_terminal(*words: str, **variables: str) -> str:
    """Run the command line in a terminal of 80 columns; gives what it shows, colours and all."""
    ours, theirs = pty.openpty()
    environment = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "COLUMNS")}
    with subprocess.Popen(
        [sys.executable, "-m", "yolopatch", *words],
        stdout=theirs,
        stderr=theirs,
        stdin=theirs,
        env={**environment, "TERM": "xterm", **variables},
    ) as running:
        os.close(theirs)
        told = b""
        while True:
            try:
                part = os.read(ours, 65536)
            except OSError:  # Linux says so when the other end is closed
                break
            if not part:
                break
            told += part
    os.close(ours)
    assert running.returncode == 0
    return told.decode()


def test_colours_are_for_terminals_and_no_color_takes_them_away(spawn):
    assert "\x1b[" in in_terminal("list", "checks")
    assert "\x1b[" not in in_terminal("list", "checks", NO_COLOR="1")
    assert "\x1b[" not in spawn("list", "checks").out


@pytest.mark.parametrize("width", ["40", "80", "120"])
@pytest.mark.parametrize("what", ["tutorials", "checks"])
def test_lists_fit_the_terminal(what, width):
    lines = click.unstyle(in_terminal("list", what, COLUMNS=width)).splitlines()
    assert max(map(cells_of, lines)) <= int(width)
