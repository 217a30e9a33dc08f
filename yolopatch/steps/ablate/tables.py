"""The tables of a grid: computed from its runs, and written into its folder."""

from __future__ import annotations

from pathlib import Path

from yolopatch.core.ablate.chart import draw_chart
from yolopatch.core.ablate.files import write_csv, write_latex, write_markdown, write_runs_csv
from yolopatch.core.ablate.record import model_key
from yolopatch.core.ablate.results import Plan
from yolopatch.core.ablate.table import Table, make_table
from yolopatch.outside.ablate.grid_folder import GridFolder
from yolopatch.outside.files.staging import write_all
from yolopatch.steps.ablate.ablate import Ablation

_CHART = "chart.svg"
_FILES = {"table.md": write_markdown, "table.tex": write_latex, "table.csv": write_csv, "runs.csv": write_runs_csv}


def table_of(found: Ablation) -> Table:
    """Return the table of what is done.

    Raises:
        YolopatchError: there is something to test, and scipy is not installed.
    """
    grid = found.plan.grid
    plan = Plan(tuple(arm.name for arm in grid.arms), grid.scales, grid.seeds, grid.baseline)
    known = found.record.models if found.record else {}
    figures = {
        (arm.name, scale): known[key].figures
        for arm, scale in found.plan.models()
        if (key := model_key(arm.name, scale)) in known
    }
    return make_table(plan, found.conditions, found.runs, figures)


def save_tables(table: Table, folder: GridFolder) -> tuple[Path, ...]:
    """Write the table as Markdown, LaTeX and CSV, and the chart where there is something to draw; return the files.

    Raises:
        OSError: a file cannot be written; nothing was changed.
    """
    texts = {folder.path / name: write(table) for name, write in _FILES.items()}
    chart = draw_chart(table)
    if chart is not None:
        texts[folder.path / _CHART] = chart
    write_all({file: text.encode() for file, text in texts.items()})
    return tuple(texts)
