"""`make figures`: measure the tutorials' models and their bases at every scale, for catalog/figures.json."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import astuple, replace

from yolopatch.catalog.module import FLAVORS
from yolopatch.catalog.reproduce.figures import BASE, recorded
from yolopatch.catalog.reproduce.recipes import RECIPES, Recipe
from yolopatch.catalog.resources import figures_file
from yolopatch.core.reproduce.reproduction import Figures
from yolopatch.outside.files.held import temporary_folder
from yolopatch.outside.probe.inspect import inspect_interpreter
from yolopatch.outside.source.store import cache_dir
from yolopatch.outside.workspace.workspace import read_workspace
from yolopatch.steps.model.render_request import RenderRequest, plan
from yolopatch.steps.reproduce.measure import count_scales
from yolopatch.steps.workspace.apply import apply


def write_figures(tutorials: Sequence[str] = tuple(RECIPES)) -> None:
    """Measure these tutorials and write the file; the figures of other tutorials are not changed."""
    figures = {id_: _measure_recipe(recipe) if id_ in tutorials else _recorded(id_) for id_, recipe in RECIPES.items()}
    figures_file().write_text(_file_text(figures), encoding="utf-8")


def _recorded(id_: str) -> dict[str, Mapping[str, Figures]]:
    """Return a tutorial's figures from the file."""
    rows = {flavor: recorded(id_, flavor) for flavor in (*FLAVORS, BASE)}
    return {flavor: {scale: Figures(*row) for scale, row in found.items()} for flavor, found in rows.items() if found}


def _measure_recipe(recipe: Recipe) -> dict[str, Mapping[str, Figures]]:
    return {**{flavor: _measure_flavor(recipe, flavor) for flavor in FLAVORS}, BASE: _measure_flavor(recipe, None)}


def _measure_flavor(recipe: Recipe, flavor: str | None) -> Mapping[str, Figures]:
    asked = RenderRequest((recipe.module,), recipe.tutorial.model, scales="n", flavor=flavor or "paper")
    cfg = plan(asked)[0]
    with temporary_folder() as folder:
        workspace = folder / "workspace"
        apply(recipe.tutorial.pin, [recipe.module], flavor or "paper", workspace, "auto", cache_dir())
        return count_scales(
            read_workspace(workspace),
            cfg if flavor else replace(cfg, replacements=()),
            inspect_interpreter(sys.executable),
        )


def _file_text(figures: Mapping[str, Mapping[str, Mapping[str, Figures]]]) -> str:
    """Return the text of the file, one line for each scale."""
    lines = ["{"]
    for id_, flavors in figures.items():
        lines.append(f'  "{id_}": {{')
        for flavor, scales in flavors.items():
            lines.append(f'    "{flavor}": {{')
            lines += [f'      "{scale}": {json.dumps(astuple(one))},' for scale, one in scales.items()]
            lines[-1] = lines[-1].rstrip(",")
            lines.append("    },")
        lines[-1] = "    }"
        lines.append("  },")
    lines[-1] = "  }"
    return "\n".join([*lines, "}", ""])
