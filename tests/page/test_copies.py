"""The copies of a page's tables, as a real browser makes them."""

from __future__ import annotations

import csv
import io
from urllib.parse import unquote

import pytest

from yolopatch.core.tables.latex import escape_latex

from .samples import HOSTILE, PAGES, ablate, adopt, compare, verify, verify_scales

# presses every button that copies, and returns the texts by form and by the name of the table
_COPY = """
  const texts = {};
  let text = "";
  Object.defineProperty(view.navigator, "clipboard", { value: { writeText: async (copied) => { text = copied; } } });
  for (const button of all("button[data-form]")) {
    button.click();
    await new Promise((done) => setTimeout(done, 10));
    const name = button.closest(".framed").querySelector("table")?.getAttribute("aria-label") ?? "";
    (texts[button.dataset.form] ??= []).push([name, text]);
  }
  return { texts, said: page.getElementById("status").textContent };
"""


def _copies(page, look):
    found = look(page, _COPY)
    assert found["said"] == "Copied"
    return found["texts"]


def _rows(copies, name):
    """The cells of a table's CSV."""
    text = next(text for title, text in copies["csv"] if title == name)
    return list(csv.reader(io.StringIO(text)))


def test_csv_has_the_columns_of_a_grid_as_numbers(look):
    copies = _copies(ablate(), look)
    heads, base, _ = _rows(copies, "mAP over the seeds")
    assert heads[:4] == ["Arm name", "Arm scale", "Runs done", "Runs of"]
    assert heads[4:] == ["mAP50 % mean", "mAP50 % std", "mAP50-95 % mean", "mAP50-95 % std"]
    assert base == ["base", "n", "8", "8", "48.09", "0.30", "38.09", "0.30"]
    heads, up = _rows(copies, "Difference to base in mAP50-95")
    assert heads[2:] == ["points", "95% low", "95% high", "p", "Verdict"]
    assert up[2:6] == ["1.90", "1.31", "2.49", "0.0078"]
    run = _rows(copies, "The runs")[-1]
    assert run == ["up-n-8", "failed", "out of memory in up", "", "12.5", "here"]


def test_csv_has_the_spread_of_a_latency(look):
    heads, base, *_ = _rows(_copies(compare(), look), "Speed and memory")
    assert heads == ["Model", "Latency ms median", "Latency ms low", "Latency ms high", "Speed FPS", "Memory MiB"]
    assert base == ["base", "10.00", "9.90", "10.10", "100.0", "1.0"]


def test_csv_of_layers_and_scales_has_no_separators_of_thousands(look):
    rows = _rows(_copies(verify(), look), "Layer table of scale n")
    assert rows[0] == ["layer", "from", "class name", "class note", "parameters", "base", "difference"]
    assert rows[2] == ["1", "-1", "RefConv", "replaces Conv", "4608", "4672", "-64"]
    assert rows[-1] == ["all layers", "", "", "", "5072", "5136", "-64"]
    rows = _rows(_copies(verify_scales(), look), "Verdicts, figures and checks at every scale")
    assert rows[:4] == [
        ["Scale", "n", "s"],
        ["Verdict", "failed", "passed"],
        ["Parameters value", "2571320", "2571320"],
        ["Parameters change", "-0.04%", "-0.04%"],
    ]


@pytest.mark.parametrize("name", PAGES)
def test_every_table_has_copies_whose_rows_are_complete(name, look):
    page = PAGES[name]()
    copies = _copies(page, look)
    assert len(copies["csv"]) == len(copies["tex"]) == page.count("<table")
    for title, text in copies["csv"]:
        assert len({len(row) for row in csv.reader(io.StringIO(text))}) == 1, title
    for title, text in copies["tex"]:
        lines = [line for line in text.splitlines() if line.endswith("\\\\")]
        assert len({line.replace("\\&", "").count("&") for line in lines}) == 1, title


def test_latex_is_a_booktabs_table_with_marks_and_symbols(look):
    copies = _copies(ablate(), look)
    text = next(text for title, text in copies["tex"] if title == "mAP over the seeds")
    assert text.splitlines() == [
        r"% Needs \usepackage{booktabs,textcomp} and \usepackage[T1]{fontenc}.",
        r"\begin{table}",
        r"\centering",
        r"\caption{mAP over the seeds}",
        r"\begin{tabular}{lrrr}",
        r"\toprule",
        r"Arm & Runs & mAP50 \% & mAP50{-}95 \% \\",
        r"\midrule",
        r"base n & 8/8 & 48.09 $\pm$ 0.30 & 38.09 $\pm$ 0.30 \\",
        r"up n & 8/8 & \textbf{49.99 $\pm$ 0.83} & \textbf{39.99 $\pm$ 0.83} \\",
        r"\bottomrule",
        r"\end{tabular}",
        r"\end{table}",
    ]
    sizes = next(text for title, text in _copies(compare(), look)["tex"] if title == "Size")
    assert r"\textbf{2.500}" in sizes
    assert r"\underline{2.600}" in sizes
    assert " & -- " in sizes, "what is missing"


def test_a_hostile_name_is_a_name_in_every_copy(look):
    every_sign = "".join(map(chr, range(33, 127)))
    copies = _copies(ablate(arm=every_sign), look)
    assert _rows(copies, "mAP over the seeds")[2][0] == every_sign
    assert f"\n{escape_latex(every_sign)} n &" in next(text for _, text in copies["tex"])
    copies = _copies(ablate(arm=HOSTILE), look)
    assert _rows(copies, "mAP over the seeds")[2][0] == HOSTILE
    for formula in ("=1+1", "@SUM(1)", "+cmd|'/C x'!A0", "-1+cmd|'/C x'!A0"):
        copies = _copies(ablate(arm=formula), look)
        assert _rows(copies, "mAP over the seeds")[2][0] == f"'{formula}", "a spreadsheet would run it"


def test_a_command_is_copied_as_it_is_typed(look):
    assert [text for _, text in _copies(adopt(), look)["txt"]] == ["yolopatch apply", "yolopatch adopt Gated-YOLO"]


def test_where_the_clipboard_is_refused_the_text_is_shown_and_can_be_saved(look):
    script = """
      const refuse = { writeText: async () => { throw new Error("no"); } };
      Object.defineProperty(view.navigator, "clipboard", { value: refuse });
      page.querySelector("button[data-form=csv]").click();
      await new Promise((done) => setTimeout(done, 10));
      const text = page.getElementById("text"), save = page.getElementById("save");
      return { open: page.getElementById("by-hand").open, text: text.value, name: save.download, address: save.href,
               chosen: text.selectionEnd - text.selectionStart, focus: page.activeElement.id };
    """
    found = look(ablate(), script)
    assert found["open"]
    assert (found["focus"], found["chosen"]) == ("text", len(found["text"]))
    assert found["text"].startswith("Arm name,Arm scale,")
    kind, _, saved = found["address"].partition(",")
    assert (kind, found["name"]) == ("data:text/csv;charset=utf-8", "table.csv")
    assert unquote(saved) == "\ufeff" + found["text"], "a spreadsheet needs the mark to read Chinese"
