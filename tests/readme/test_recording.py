"""The recorded terminal: its commands print now what it shows, and the recorder keeps what a terminal shows."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections import defaultdict
from itertools import pairwise
from pathlib import Path

import pytest

from yolopatch.core.text import cells_of
from yolopatch.maintain.recording.drawing import draw
from yolopatch.maintain.recording.film import cut
from yolopatch.maintain.recording.recording import COLUMNS, COMMANDS, file_name
from yolopatch.maintain.recording.screen import Run, Screen, Style
from yolopatch.maintain.recording.session import Piece, Recorded, record

PICTURES = Path(__file__).resolve().parents[2] / "docs/pictures"


def _lines(svg: str) -> list[str]:
    """Return the rows that are there when the film has ended, as they are read."""
    rows: dict[float, list[tuple[int, str]]] = defaultdict(list)
    cell = 8.0
    for group in ET.fromstring(svg).iter("{http://www.w3.org/2000/svg}g"):
        if group.get("class") == "line":
            for text in group:
                rows[float(text.get("y"))].append((round(float(text.get("x")) / cell), text.text))
    return [_line(sorted(rows[y])) for y in sorted(rows)]


def _line(texts: list[tuple[int, str]]) -> str:
    line = ""
    for column, text in texts:
        line += " " * (column - cells_of(line)) + text
    return line


def _shown(language: str) -> dict[str, list[str]]:
    """Return what each command of the recording printed."""
    found: dict[str, list[str]] = {}
    for line in _lines((PICTURES / file_name(language)).read_text(encoding="utf-8")):
        if line.startswith("$ "):
            found[line.removeprefix("$ ")] = []
        else:
            found[list(found)[-1]].append(line)
    return found


@pytest.fixture
def print_now(tmp_path, cache, monkeypatch):
    """Run a command of the recording in English, and give the lines that it prints."""

    def run(line: str) -> list[str]:
        recorded = record(line, tmp_path, COLUMNS, 40, "en_US.UTF-8")
        return _lines(draw(cut([recorded], COLUMNS), COLUMNS, 40, "now"))[1:]

    return run


def test_apply_and_render_print_what_the_recording_shows(print_now, need_pin):
    need_pin("ultralytics-8.4.0")
    shown = _shown("en")
    assert tuple(shown) == COMMANDS
    for command in COMMANDS[:2]:
        # before the result there may be a note about the download
        assert print_now(command)[-len(shown[command]) :] == shown[command], "make recording records it again"


@pytest.mark.slow  # all checks of verify
def test_verify_finds_what_the_recording_shows(print_now, need_pin):
    need_pin("ultralytics-8.4.0")
    for command in COMMANDS[:2]:
        print_now(command)
    now = print_now(COMMANDS[2])
    shown = _shown("en")[COMMANDS[2]]
    assert now[0] == shown[0]
    findings = shown[1 : next(number for number, line in enumerate(shown) if line.startswith("  at 640 px"))]
    assert now[1 : len(findings) + 1] == findings
    words = " ".join(" ".join(findings).split())
    assert "input-dependence: layer 1 (RefConv) gives the same output for every image" in words
    assert re.search(r"241 of 358 tensors \(99\.6% of the parameters\) get none", words)


def test_both_recordings_have_the_same_commands():
    assert tuple(_shown("zh")) == COMMANDS


def test_a_recording_names_no_folder_of_the_machine_that_made_it():
    (place,) = (line for line in _shown("en")[COMMANDS[0]] if "workspace" in line)
    assert place.split() == ["workspace", "/home/you/demo"]


def test_the_output_of_a_command_is_kept_with_its_folder_as_the_readers(tmp_path):
    recorded = record("yolopatch status none", tmp_path, 200, 24, "C.UTF-8")
    assert recorded.code == 2
    text = "".join(piece.text for piece in recorded.pieces)
    assert "\x1b[31m" in text, "colours are on"
    assert str(tmp_path) not in text
    assert 0 < recorded.pieces[0].seconds <= recorded.seconds


def test_another_program_is_not_recorded(tmp_path):
    with pytest.raises(ValueError, match="not rm"):
        record("rm -r .", tmp_path, 80, 24, "C.UTF-8")


def _screen(text: str, columns: int = 20) -> list[list[tuple[int, str]]]:
    screen = Screen(columns)
    screen.feed(text)
    return [[(run.column, run.text) for run in row] for row in screen.rows()]


def test_a_line_that_is_drawn_over_shows_what_was_drawn_last():
    assert _screen("[ 1/26] build \r[ 2/26]\x1b[K\r\n") == [[(0, "[ 2/26]")]]
    assert _screen("one\r\ntwo\r\n\x1b[2A\r\x1b[K1\r\n\x1b[J") == [[(0, "1")]]


def test_columns_stay_where_they_are():
    assert _screen("层数  256\r\n") == [[(0, "层数"), (6, "256")]]
    assert _screen("a" * 19 + "层") == [[(0, "a" * 19)], [(0, "层")]]


def test_colours_are_kept():
    screen = Screen(20)
    screen.feed("\x1b[31m\x1b[1mFAIL\x1b[0m it \x1b[2mdim\x1b[22m")
    red, plain = Style("red", bold=True), Style()
    assert screen.rows() == ((Run(0, "FAIL", red), Run(5, "it", plain), Run(8, "dim", Style(dim=True))),)


def test_what_a_terminal_would_obey_and_is_not_known_is_refused():
    with pytest.raises(ValueError, match="not known"):
        Screen(20).feed("\x1b[5;5H")
    with pytest.raises(ValueError, match="not known"):
        Screen(20).feed("\x1b]0;title\x07")


def test_a_long_command_is_shown_faster_and_its_steps_one_after_the_other():
    pieces = [Piece(60.0 * step, f"\rstep {step}\x1b[K") for step in range(1, 11)]
    film = cut([Recorded("yolopatch verify", (*pieces, Piece(640, "\r\x1b[Kdone\r\n")), 640, 0)], 40)
    assert film.seconds < 12
    steps = [shot for shot in film.shots if shot.number == 1]
    assert [shot.row[0].text for shot in steps] == [*(f"step {step}" for step in range(1, 11)), "done"]
    assert all(before.end == after.start for before, after in pairwise(steps))
    assert steps[-1].end is None


def test_the_film_scrolls_with_its_last_row_and_ends_at_the_last_command():
    first = Recorded("yolopatch a", (Piece(0.5, "1\r\n2\r\n3\r\n"),), 1, 0)
    last = Recorded("yolopatch b", (Piece(0.5, "4\r\n5\r\n6\r\n7\r\n"),), 1, 0)
    film = cut([first, last], 40)
    assert film.last_command == 4
    svg = draw(film, 40, 5, "a film & more")
    assert re.search(r"\.paper\{transform:translateY\(-76px\)", svg)
    above = [int(height) for height in re.findall(r"%\{transform:translateY\(-?(\d+)px\)", svg)]
    assert above == [0, 76]
    assert _lines(svg) == ["$ yolopatch a", "1", "2", "3", "$ yolopatch b", "4", "5", "6", "7"]
