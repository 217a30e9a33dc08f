"""The tables of a grid: computed from its runs, and written into its folder."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from yolopatch.core.ablate.chart import draw_chart
from yolopatch.core.ablate.files import write_csv, write_latex, write_markdown, write_runs_csv
from yolopatch.core.ablate.page.content import make_page
from yolopatch.core.ablate.record import model_key
from yolopatch.core.ablate.results import Plan
from yolopatch.core.ablate.table import Table, make_table
from yolopatch.outside.files.keeping import keeping
from yolopatch.outside.files.staging import write_all
from yolopatch.outside.page.page import render_template
from yolopatch.steps.ablate.ablate import Ablation
from yolopatch.wire import shell

_PAGE, _CHART = "ablation.html", "chart.svg"
_FILES = {"table.md": write_markdown, "table.tex": write_latex, "table.csv": write_csv, "runs.csv": write_runs_csv}


@dataclass(frozen=True)
class AblationTable:
    """What came out of a grid so far, as a table, and the files that have it."""

    ablation: Ablation
    table: Table
    files: tuple[Path, ...]

    def data(self) -> dict[str, object]:
        """Return what `ablate --json` prints; its keys are a contract."""
        found = self.ablation
        return {
            "dest": found.folder.path,
            "runs": [run.data(found.conditions.choice) for run in found.runs],
            "table": [row.data() for row in self.table.rows],
            "conditions": vars(found.conditions),
            "differences": list(found.differences),
            "files": list(self.files),
        }


def write_tables(found: Ablation) -> AblationTable:
    """Compute the table of what is done, and write it into the grid's folder: as files, as a page, and as a chart where
    there is something to draw.

    Raises:
        YolopatchError: there is something to test, and scipy is not installed; or a file cannot be written, and the
            message says that the grid's folder is kept, with all its runs.
    """
    table = _table_of(found)
    folder = found.folder.path
    texts = {folder / name: write(table) for name, write in _FILES.items()}
    again = shell.join(["yolopatch", "ablate", folder, "--table"])
    texts[folder / _PAGE] = render_template("ablate.html.j2", page=make_page(table, found.differences, again))
    chart = draw_chart(table)
    if chart is not None:
        texts[folder / _CHART] = chart
    with keeping(folder):
        write_all({file: text.encode() for file, text in texts.items()})
    return AblationTable(found, table, tuple(texts))


def _table_of(found: Ablation) -> Table:
    grid = found.plan.grid
    plan = Plan(tuple(arm.name for arm in grid.arms), grid.scales, grid.seeds, grid.baseline)
    known = found.record.models if found.record else {}
    figures = {
        (arm.name, scale): known[key].figures
        for arm, scale in found.plan.models()
        if (key := model_key(arm.name, scale)) in known
    }
    return make_table(plan, found.conditions, found.runs, figures)
