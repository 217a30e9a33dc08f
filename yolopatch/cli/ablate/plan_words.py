"""What `ablate` says before the first run."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from yolopatch.cli.layout import pairs, table
from yolopatch.core.ablate.statistics import seeds_needed

if TYPE_CHECKING:
    from yolopatch.outside.ablate.grid_folder import GridFolder
    from yolopatch.steps.ablate.plan import GridPlan


def plan(found: GridPlan, folder: GridFolder) -> Iterator[str]:
    """Yield what the runs differ in, what they have in common, and how many there are."""
    grid = found.grid
    runs = count(found)
    yield click.style(f"{runs} run{'s' * (runs != 1)} in {folder.path}", bold=True)
    rows = [(arm.name, arm.words + (" (baseline)" if arm.name == grid.baseline else "")) for arm in grid.arms]
    yield from table(("arm", "model"), rows, left=2)
    yield from pairs(
        [
            ("scales", ", ".join(grid.scales)),
            ("seeds", ", ".join(map(str, grid.seeds))),
            ("pin", ", ".join((found.pin.name, *_patches(found)))),
            ("data", grid.data),
            ("start", grid.weights or "random weights"),
            ("train", " ".join(f"{key}={value}" for key, value in grid.train.items()) or "upstream's defaults"),
        ]
    )
    arms = len(grid.arms) - 1
    if arms and len(grid.seeds) < seeds_needed(arms):
        yield (
            f"  with fewer than {seeds_needed(arms)} seeds no difference can be told from chance here; "
            "the table will say so"
        )


def _patches(found: GridPlan) -> Iterator[str]:
    if found.seed_patch:
        yield "with the seed patch"
    if found.grid.compat:
        yield "with the compatibility patch"


def count(found: GridPlan) -> int:
    """Return how many runs the grid has."""
    return len(found.grid.arms) * len(found.grid.scales) * len(found.grid.seeds)


def plan_data(found: GridPlan, folder: GridFolder) -> dict[str, object]:
    """Return what `ablate --dry-run --json` prints."""
    return {
        "dest": folder.path,
        "pin": found.pin.name,
        "runs": [{"id": run.id, "arm": run.arm.name, "scale": run.scale, "seed": run.seed} for run in found.runs()],
    }
