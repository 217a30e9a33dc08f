"""The commands that train, or that measure models: their figures differ in each run, and a training takes long."""

from __future__ import annotations

import shutil
from pathlib import Path

from commands import Command, must
from lab import PIN, WITH_TORCH, Lab, Sandbox
from results import Counted

_ARM = """
[[arm]]
name = "SPConv"
module = ["SPConv"]
placement = ["backbone-down"]
"""
_GRID = f"""
model = "{PIN}"
scales = ["n"]
data = "shapes/data.yaml"
seeds = [0]

[[arm]]
name = "base"
%s
[train]
epochs = 1
imgsz = 32
batch = 4
workers = 0
device = "cpu"
plots = false
"""
_TABLES = ("table.md", "table.tex", "table.csv", "runs.csv", "ablation.html", "chart.svg")
_ABLATE = ("ablate", "grid.toml", "--dest", "g", "--no-measure", "--json")


def _grid(arm: str, sandbox: Sandbox) -> None:
    (sandbox.work / "grid.toml").write_text(_GRID % arm)
    must(sandbox, "data", "shapes", "--out", "shapes", "--images", "4")
    data = sandbox.work / "shapes/data.yaml"
    lines = data.read_text().splitlines(keepends=True)
    data.write_text("".join(line for line in lines if not line.startswith("path:")))  # each case lies elsewhere


def _begun(lab: Lab, sandbox: Sandbox) -> None:
    _grid("", sandbox)


def _tables(lab: Lab, sandbox: Sandbox) -> None:
    """A grid whose runs are done and whose tables are still to be made; they need no workspace."""
    _trained(lab, sandbox)
    shutil.rmtree(sandbox.work / "g/workspaces")


def _unprepared(lab: Lab, sandbox: Sandbox) -> None:
    """The same, and everything that was made before the runs is still to be made."""
    _tables(lab, sandbox)
    for name in ("ablation.json", "grid.toml"):
        (sandbox.work / "g" / name).unlink()


def _trained(lab: Lab, sandbox: Sandbox) -> None:

    def make(folder: Path) -> None:
        with lab.sandbox() as place:
            _grid(_ARM, place)
            must(place, *_ABLATE, memory=WITH_TORCH)
            shutil.copytree(place.work, folder, symlinks=True)

    shutil.copytree(lab.once("a trained grid", make), sandbox.work, symlinks=True, dirs_exist_ok=True)
    for name in _TABLES:
        (sandbox.work / "g" / name).unlink()


def _two_yamls(lab: Lab, sandbox: Sandbox) -> None:
    must(sandbox, "apply", "--repo", PIN, "--module", "SPConv", "--dest", "w")
    for module in ((), ("--module", "SPConv")):
        must(sandbox, "render-cfg", "--model", "yolo11", "--scale", "n", "--out", "w", *module)


GRIDS = (  # the quick ones first: those that train are prepared meanwhile
    Command(
        "compare",
        (
            *("compare", "base=w/yolo11n.yaml", "mine=w/yolo11n-SPConv.yaml"),
            *("--imgsz", "32", "--out", "tables", "--json"),
        ),
        _two_yamls,
        WITH_TORCH,
        counted=Counted(measured=("work/tables/*",)),
    ),
    Command("ablate, tables", ("ablate", "g", "--table", "--json"), _tables),
    Command("ablate, trained before", _ABLATE, _unprepared, WITH_TORCH),
    Command(
        "ablate, new",
        _ABLATE,
        _begun,
        WITH_TORCH,
        # a run that was killed has more attempts, and where it went on from a checkpoint the notes say so
        counted=Counted(
            measured=("work/g/table.md", "work/g/table.tex", "work/g/runs.csv", "work/g/ablation.html"),
            apart=("work/g/runs/*", "work/shapes/labels/*.cache"),
        ),
    ),
)
