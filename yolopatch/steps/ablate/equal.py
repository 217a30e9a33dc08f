"""Whether the runs of a grid differ in what the grid says, and in nothing else: checked on what upstream wrote."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path

from yolopatch.core.plain_yaml import PlainYamlError, load_plain
from yolopatch.core.training.run import Run
from yolopatch.outside.ablate.grid_folder import GridFolder
from yolopatch.steps.ablate.plan import GridPlan

_SETTINGS = ("args.yaml", "opt.yaml")  # ultralytics, yolov5
# what one run has and another has not, by the grid; `resume` and the like are of a run that was killed
_OF_A_RUN = ("model", "cfg", "weights", "pretrained", "seed", "project", "name", "save_dir", "resume", "exist_ok")


def find_differences(plan: GridPlan, folder: GridFolder) -> tuple[str, ...]:
    """Return what the trained runs differ in beside arm, scale and seed, in words; empty where it is nothing."""
    runs = {one.id: run for one in plan.runs() if (run := folder.read_run(one.id)) and run.trained}
    resumed = {name for name, run in runs.items() if any(attempt.resumed for attempt in run.attempts)}
    # upstream writes the arguments of a resumed run anew, with what it has changed itself since the run began
    settings = {name: _settings(run) for name, run in runs.items() if name not in resumed}
    found = [*_differing("upstream's argument", settings)]
    found += _differing("the environment's", {name: _environment(run) for name, run in runs.items()})
    if resumed:
        found.append(
            f"resumed: {_some(sorted(resumed))}: went on from a checkpoint after a break, with other batches than "
            "a run without one"
        )
    return tuple(found)


def _settings(run: Run) -> Mapping[str, object]:
    for file in (Path(str(run.save_dir)) / name for name in _SETTINGS):
        if file.is_file():
            try:
                content = load_plain(file.read_text("utf-8", "replace"))
            except PlainYamlError:
                return {file.name: "cannot be read"}
            if isinstance(content, dict):
                return {key: value for key, value in content.items() if key not in _OF_A_RUN}
    return {"settings": "upstream wrote none"}


def _environment(run: Run) -> Mapping[str, object]:
    known = run.attempts[-1].environment
    packages = known.get("packages")
    return {"python": known.get("python"), "yolopatch": known.get("yolopatch"), **(packages or {})}


def _differing(what: str, runs: Mapping[str, Mapping[str, object]]) -> Iterator[str]:
    for key in dict.fromkeys(key for found in runs.values() for key in found):
        by_value: dict[str, list[str]] = defaultdict(list)
        for name, found in runs.items():
            by_value[repr(found.get(key, "not there"))].append(name)
        if len(by_value) > 1:
            values = "; ".join(f"{value} in {_some(names)}" for value, names in by_value.items())
            yield f"the runs differ in {what} {key}: {values}"


def _some(names: list[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} others" if len(names) > 3 else "")
