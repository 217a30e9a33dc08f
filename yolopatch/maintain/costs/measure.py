"""`make costs`: measure and verify every module in a model, for catalog/costs.json."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from yolopatch.catalog.costs import Cost, read_cost
from yolopatch.catalog.kinds import LOSS
from yolopatch.catalog.modules import MODULES
from yolopatch.catalog.pins import PINS
from yolopatch.catalog.resources import costs_file, patch_file, read_data, templates_dir
from yolopatch.core.text import sha256
from yolopatch.maintain.matrix import QUICK
from yolopatch.outside.files.held import temporary_folder
from yolopatch.outside.source.store import cache_dir
from yolopatch.steps.model.render import render
from yolopatch.steps.model.render_request import RenderRequest
from yolopatch.steps.verify.verify import Verification, verify
from yolopatch.steps.workspace.apply import apply
from yolopatch.wire.statuses import FAIL, WARN

PIN, SCALE, IMGSZ, FLAVOR = "ultralytics-8.3.0", "n", 640, "paper"
# by whether the module has layers: what can fail without a training, and what a loss can get wrong
COUNTS = "flops"  # its warning says nothing of a module: thop does not see functions
CHECKS = {"layers": (*QUICK, COUNTS), "loss": ("build", "loss", COUNTS)}


def measure_costs(modules: Sequence[str]) -> Iterator[tuple[str, Cost]]:
    """Measure these modules one by one and write the file after each; the others stay as they are in it.

    Yields:
        the name of each module and its cost.
    """
    kept = _kept()
    for name in modules:
        kept[name] = _measure(name)
        costs_file().write_text(_file_text(kept), encoding="utf-8")
        yield name, kept[name]


def _kept() -> dict[str, Cost]:
    if not costs_file().is_file():
        return {}
    found = json.loads(read_data(costs_file()))["modules"]
    return {name: read_cost(cost) for name, cost in found.items() if name in MODULES}


def _measure(name: str) -> Cost:
    module, model = MODULES[name], PINS[PIN].model
    is_loss = module.kind == LOSS
    with temporary_folder() as folder:
        state = apply(PIN, [name], FLAVOR, folder / "workspace", "auto", cache_dir())
        asked = RenderRequest(() if is_loss else (name,), model, scales=SCALE, flavor=FLAVOR, out=folder)
        (file,) = render(asked, templates_dir()).files
        found = _verify(state.workspace, file.path, CHECKS["loss" if is_loss else "layers"])
    says: dict[str, Any] = found.data()
    ids = {status: tuple(check.id for check in found.checks if check.status == status) for status in (FAIL, WARN)}
    return Cost(
        model=f"{model}{SCALE}",
        placement=", ".join(one.placement for one in file.placed),
        parameters=says["parameters"],
        base_parameters=says["base"]["parameters"],
        gflops=says["gflops"]["true"],
        base_gflops=says["base"]["gflops"]["true"],
        verdict=found.verdict,
        failed=ids[FAIL],
        warned=tuple(one for one in ids[WARN] if one != COUNTS),
        patch=sha256(patch_file(PIN, name, FLAVOR).read_bytes()),
    )


def _verify(workspace: Path, cfg: Path, checks: tuple[str, ...]) -> Verification:
    return verify(workspace, cfg, SCALE, imgsz=IMGSZ, checks=checks, python=sys.executable)


def _file_text(costs: dict[str, Cost]) -> str:
    """Return the text of the file, one line for each module, in the order of the catalog."""
    rows = [f"  {json.dumps(name)}: {json.dumps(asdict(costs[name]))}" for name in MODULES if name in costs]
    head = {"pin": PIN, "imgsz": IMGSZ, "checks": {kind: list(ids) for kind, ids in CHECKS.items()}}
    return json.dumps(head)[:-1] + ', "modules": {\n' + ",\n".join(rows) + "\n}}\n"
