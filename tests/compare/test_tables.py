"""The tables of `compare`: what is marked, what the files hold, and that they are written together."""

from __future__ import annotations

import csv
import errno
import io
import re
import shutil
import subprocess
from dataclasses import replace

import pytest

from yolopatch.cli.compare.words import comparison
from yolopatch.core.compare.columns import HIGHER, LOWER, NEITHER, rank
from yolopatch.core.compare.description import describe
from yolopatch.core.compare.files import write_csv, write_latex, write_markdown
from yolopatch.core.tables.latex import escape_latex
from yolopatch.core.tables.marks import BEST, SECOND, UNMARKED
from yolopatch.core.text import shorten
from yolopatch.outside.files import staging
from yolopatch.steps.compare.compare import save_tables


def exact(*values: float | None) -> list[tuple[float, float, float] | None]:
    return [None if value is None else (value, value, value) for value in values]


@pytest.mark.parametrize(
    ("values", "better", "marks"),
    [
        (exact(3, 1, 2), LOWER, [UNMARKED, BEST, SECOND]),
        (exact(3, 1, 2), HIGHER, [BEST, UNMARKED, SECOND]),
        (exact(1, 1, 2, 2, 3), LOWER, [BEST, BEST, SECOND, SECOND, UNMARKED]),
        (exact(1, 1, 1), LOWER, [UNMARKED] * 3),
        (exact(1, 2), NEITHER, [UNMARKED] * 2),
        (exact(None, 2, 1), LOWER, [UNMARKED, SECOND, BEST]),
        (exact(None, 2), LOWER, [UNMARKED] * 2),
        (exact(), LOWER, []),
        # their quartiles overlap: neither is faster
        ([(10, 9, 11), (10.5, 10, 12), (20, 19, 21)], LOWER, [BEST, BEST, SECOND]),
        ([(10, 9, 11), (10.5, 10, 12)], LOWER, [UNMARKED] * 2),
        ([(10, 9, 11), (20, 19, 21), (20.5, 19, 22)], HIGHER, [SECOND, BEST, BEST]),
    ],
)
def test_the_best_and_the_second_are_marked_where_they_can_be_told(values, better, marks):
    assert rank(values, better) == marks


def test_a_csv_holds_every_figure_with_what_it_was_measured_on(found, nasty):
    read = list(csv.DictReader(io.StringIO(write_csv(found.rows, found.method))))
    assert [line["name"] for line in read] == ["base", nasty, "other"]
    first = read[0]
    assert (first["parameters_m"], first["latency_ms"], first["gflops_upstream"]) == ("2.6", "10", "")
    assert (first["latency_low_ms"], first["latency_high_ms"]) == ("9.9", "10.1")
    assert (first["hardware"], first["threads"], first["rounds"], first["imgsz"]) == ("A CPU", "2", "31", "640")
    assert (first["map50_95"], first["epoch"], first["epochs"], first["data"]) == ("0.4", "2", "3", "shapes.yaml")
    assert (read[1]["map50_95"], read[1]["epoch"]) == ("", "")


@pytest.mark.parametrize(
    ("fix_patches", "edited", "said"),
    [
        ((), 0, ""),
        ((), 1, " with 1 edited file"),
        ((), 2, " with 2 edited files"),
        (("seeds",), 0, " with the seed patch"),
        (("compat", "seeds"), 1, " with the compatibility patch and the seed patch and 1 edited file"),
    ],
)
def test_what_the_code_is_beside_the_pin_is_told(found, fix_patches, edited, said):
    (process,) = found.method.processes
    method = replace(found.method, processes=(replace(process, fix_patches=fix_patches, edited=edited),))
    assert f"ultralytics-8.3.0 {'a' * 12}{said}, A CPU" in " ".join(describe(method, found.rows))
    assert next(csv.DictReader(io.StringIO(write_csv(found.rows, method))))["edited_files"] == str(edited)


def test_a_markdown_table_keeps_its_columns_whatever_a_model_is_called(found):
    lines = [line for line in write_markdown(found.rows, found.method).splitlines() if line.startswith("|")]
    assert len(lines) == 5
    assert {len(re.findall(r"(?<!\\)\|", line)) for line in lines} == {len(re.findall(r"\|", lines[0]))}
    assert "Latency (ms)" in lines[0]
    assert "**2.500**" in lines[3]
    assert "<u>2.600</u>" in lines[2]
    assert lines[2].count("**10.00**") == lines[3].count("**10.05**") == 1


def test_a_latex_table_has_the_same_number_of_cells_in_every_line(found, latex_rows):
    text = write_latex(found.rows, found.method)
    _, rows = latex_rows(text)
    assert len(rows) == 5
    assert r"\textbf{2.500}" in text
    assert r"\underline{2.600}" in text
    assert "(ms)" in text


def test_every_character_that_latex_would_obey_is_escaped():
    assert escape_latex("a_b & 5% of $x#{}") == r"a\_b \& 5\% of \$x\#\{\}"
    assert escape_latex("\\~^") == r"\textbackslash{}\textasciitilde{}\textasciicircum{}"
    assert "--" not in escape_latex("a--b")
    # a row that begins with one of these: the \\ before would read it as \\[1cm] or \\*
    assert (escape_latex("[A]"), escape_latex("*A")) == ("{[}A{]}", "{*}A")
    printable = "".join(map(chr, range(32, 127)))
    left = re.sub(r"\\text\w+\{\}|\\[&%$#_{}]|\{[-*\[\]]\}", "", escape_latex(printable))
    assert not set(left) & set("\\~^&%$#_{}<>|\"'`")


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="no pdflatex on this machine")
def test_latex_compiles_the_table(found, tmp_path):
    packages = r"\usepackage{booktabs,graphicx,textcomp}\usepackage[T1]{fontenc}"
    table = write_latex(found.rows, found.method)
    (tmp_path / "a.tex").write_text(rf"\documentclass{{article}}{packages}\begin{{document}}{table}\end{{document}}")
    done = subprocess.run(["pdflatex", "-halt-on-error", "a.tex"], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-2000:]


def test_a_disk_that_fills_up_between_the_files_leaves_none(found, tmp_path, monkeypatch):
    (tmp_path / "tables").mkdir()
    moved, move = [], staging.move

    def full(part, file):
        moved.append(file)
        if len(moved) == 3:
            raise OSError(errno.ENOSPC, "No space left on device")
        move(part, file)

    monkeypatch.setattr(staging, "move", full)
    with pytest.raises(OSError, match="No space"):
        save_tables(found, "page", tmp_path / "tables", overwrite=False)
    assert list((tmp_path / "tables").iterdir()) == []


def test_the_tables_fit_a_terminal(found):
    lines = [re.sub(r"\x1b\[\d+m", "", line) for line in comparison(found, ())]
    assert max(map(len, lines)) <= 80
    assert "A CPU, 2 threads, torch 2.3.1, 31 rounds" in " ".join(" ".join(lines).split())


def test_a_long_name_is_shortened_in_its_middle():
    assert shorten(["yolo11n-C3k2-DSConv", "a" * 30 + "z" * 30], 24) == [
        "yolo11n-C3k2-DSConv",
        "aaaaaaaaaaa…zzzzzzzzzzz",
    ]
