"""Time `port --no-prove` on a release that the cache holds, beside the floors that it cannot go below.

Run with `make bench`. The floors: the interpreter with the libraries that it is built on, and one parse and compile of
the files that are patched. Medians and ratios of one run.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

from timing import YOLOPATCH, Task, Timing, interleaved, nothing, python, rounds, run

ROUNDS = rounds(25)
RELEASES = ("8.2.103", "8.3.200", "8.4.30")
_FILES = ("nn/tasks.py", "nn/modules/block.py", "nn/modules/conv.py", "engine/trainer.py", "engine/model.py")
_PARSE = """
import ast, sys, zipfile
with zipfile.ZipFile(sys.argv[1]) as wheel:
    for name in sys.argv[2:]:
        text = wheel.read("ultralytics/" + name).decode()
        ast.parse(text), compile(text, name, "exec")
"""


def port(version: str) -> None:
    """Make every module's patches for the release and check what they rely on."""
    run(*YOLOPATCH, "port", "--to", f"ultralytics=={version}", "--no-prove")


def tasks(cache: Path) -> dict[str, Task]:
    """Return what is timed; the wheels are fetched here."""
    libraries = "click, jinja2, yaml, unidiff"
    found: dict[str, Task] = {f"imports: {libraries}": (lambda: python(f"import {libraries}"), nothing)}
    for version in RELEASES:
        port(version)
        (wheel,) = (cache / "wheels" / f"ultralytics-{version}").glob("*.whl")
        parse = (sys.executable, "-c", _PARSE, str(wheel), *_FILES)
        found[f"{version}: parse and compile once"] = (lambda parse=parse: run(*parse), nothing)
        found[f"{version}: port of every module"] = (lambda version=version: port(version), nothing)
    return found


def show(timings: dict[str, Timing]) -> None:
    """Print the medians, then each port beside its floor."""
    print(f"medians of {ROUNDS} interleaved rounds, in ms (fastest to slowest)")
    for timing in timings.values():
        print(timing)
    print("port of every module, over one parse and compile of what it patches; aim: under 1000 ms")
    for version in RELEASES:
        ported, parsed = (timings[f"{version}: {what}"] for what in ("port of every module", "parse and compile once"))
        print(f"  {version:<46}{ported.median / parsed.median:10.2f}")


def main() -> None:
    """Run the benchmark in a cache of its own."""
    with tempfile.TemporaryDirectory(prefix="yolopatch-bench-") as folder:
        os.environ["YOLOPATCH_CACHE"] = folder
        os.environ["YOLOPATCH_CATALOG"] = str(Path(folder) / "catalog")
        show(interleaved(tasks(Path(folder)), ROUNDS))


if __name__ == "__main__":
    main()
