"""Time `yolopatch verify` against what it cannot leave out, in one run: medians, spreads and their ratio.

Run with `make bench`. The floor is one process that imports upstream, builds the model and its base, makes every
pass through a whole model that the checks make (counted in a run of its own), and exports once to each format.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from timing import YOLOPATCH, Task, interleaved, nothing, rounds, run
from yolopatch.outside.environment.child_variables import child_variables
from yolopatch.outside.git.snapshot import write_tree
from yolopatch.outside.workspace.checkout import read_checkout
from yolopatch.steps.verify.history import read_history
from yolopatch.wire.checks import CHECKS
from yolopatch.wire.codec import encode
from yolopatch.wire.verification import VerifyRequest

ROUNDS = rounds(3)
AIM = 1.25
PIN, MODULE, CFG = "ultralytics-8.3.0", "DSConv", "yolo11n-C3k2-DSConv.yaml"
FLOOR = Path(__file__).with_name("verify_floor.py")


def prepare(folder: Path) -> Path:
    """Make a workspace and a YAML in the folder, and return the request of the verification of the two."""
    run(*YOLOPATCH, "apply", "--repo", PIN, "--module", MODULE, "--source", "pypi", "--dest", "ws", cwd=folder)
    run(*YOLOPATCH, "render-cfg", "--module", MODULE, "--scale", "n", cwd=folder)
    checkout = read_checkout(folder / "ws")
    write_tree(checkout.workspace.repository, checkout.workspace.root.id, folder / "pristine")
    request = VerifyRequest(
        workspace=str(checkout.path),
        style=checkout.style,
        cfg=str(folder / CFG),
        scale="n",
        imgsz=640,
        device=None,
        pristine=str(folder / "pristine"),
        base=None,
        multiples=None,
        history=read_history(checkout),
        folder=str(folder),
        checks=tuple(check.id for check in CHECKS),
    )
    file = folder / "request.json"
    file.write_text(json.dumps(encode(request)))
    return file


def floor(folder: Path, request: Path, task: str) -> None:
    """Count the passes of a verification, or make them again."""
    environment = child_variables(folder / "settings", sys.executable)
    command = [sys.executable, str(FLOOR), str(request), str(folder / "passes.json"), task]
    subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL, env=environment)


def main() -> None:
    """Print the medians, then the ratio beside its aim."""
    with tempfile.TemporaryDirectory(prefix="yolopatch-bench-") as name:
        folder = Path(name)
        os.environ["YOLOPATCH_CACHE"] = str(folder / "cache")
        request = prepare(folder)
        floor(folder, request, "count")
        passes = json.loads((folder / "passes.json").read_text())
        tasks: dict[str, Task] = {
            "floor: import, two builds, passes, exports": (lambda: floor(folder, request, "floor"), nothing),
            "yolopatch verify": (lambda: run(*YOLOPATCH, "verify", "ws", "--cfg", CFG, cwd=folder), nothing),
        }
        timings = interleaved(tasks, ROUNDS, warm=False)  # counting the passes has warmed the disk's cache
    print(f"verify {CFG}: {len(passes)} passes through whole models, {sum(p['back'] for p in passes)} of them back")
    print(f"medians of {ROUNDS} interleaved rounds, in ms (fastest to slowest)")
    for timing in timings.values():
        print(timing)
    floor_median, verify_median = (timing.median for timing in timings.values())
    print(f"  {'ratio of medians':<46}{verify_median / floor_median:10.2f}  aim: at most {AIM}")


if __name__ == "__main__":
    main()
