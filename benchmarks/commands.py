"""Time whole commands against their floors, all in one run: medians, spreads and ratios.

Run with `make bench`, or `make bench ROWS="help apply"` for the ratios with one of these words in their names. The
floor of a command is what nobody can leave out: the interpreter with the libraries that the command is built on, and
for `apply` git's own work on the same tree with the same patch.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from timing import YOLOPATCH, Task, interleaved, nothing, python, rounds, run
from yolopatch.catalog.resources import patch_file
from yolopatch.outside.workspace.workspace import read_workspace

ROUNDS = rounds(25)
PIN, MODULE = "ultralytics-8.3.0", "DSConv"
MODELS = ("yolo26", "yolo11", "yolov8", "yolov5")
MODULES = ("DSConv", "SPConv", "RefConv", "DynamicConv", "Dynamic_conv2d")


def prepare_git_floor(folder: Path) -> tuple[Path, Path]:
    """Return a repository with the pin's unchanged tree, and the patch that `git am` takes."""
    workspace, repository = folder / "ws", folder / "floor"
    run(*YOLOPATCH, "apply", "--repo", PIN, "--module", MODULE, "--source", "pypi", "--dest", str(workspace))
    run("git", "clone", "--quiet", str(workspace), str(repository))
    run("git", "config", "user.name", "bench", cwd=repository)
    run("git", "config", "user.email", "bench@example.org", cwd=repository)
    # however many commits apply makes: modules, compat, stamp
    run("git", "reset", "--quiet", "--hard", read_workspace(workspace).root.id, cwd=repository)
    return repository, patch_file(PIN, MODULE, "paper")


def complete() -> None:
    """Ask as the script of a shell does when somebody presses Tab."""
    asked = {"_YOLOPATCH_COMPLETE": "bash_complete", "COMP_WORDS": "yolopatch apply --module D", "COMP_CWORD": "3"}
    subprocess.run(YOLOPATCH, env={**os.environ, **asked}, stdout=subprocess.PIPE, check=True)


def tasks(folder: Path) -> dict[str, Task]:
    """Return everything that is timed."""
    repository, patch = prepare_git_floor(folder)
    tree, dest, out = folder / "tree", folder / "dest", folder / "out"

    def git_floor() -> None:
        python("import click, git, unidiff, jinja2")
        run("git", "worktree", "add", "--quiet", "--detach", str(tree), "HEAD", cwd=repository)
        run("git", "am", "--quiet", str(patch), cwd=tree)

    def drop_tree() -> None:
        run("git", "worktree", "remove", "--force", str(tree), cwd=repository)

    workspace = folder / "ws"

    def read_floor() -> None:
        python("import click, yaml, unidiff")
        run("git", "log", "--first-parent", "--format=%B", cwd=workspace)
        run("git", "status", "--porcelain=v2", "--untracked-files=no", cwd=workspace)

    def apply() -> None:
        run(*YOLOPATCH, "apply", "--repo", PIN, "--module", MODULE, "--source", "pypi", "--dest", str(dest))

    def render(module: str, model: str) -> None:
        run(*YOLOPATCH, "render-cfg", "--module", module, "--model", model, "--out", str(out))

    def render_all() -> None:
        for module in MODULES:
            for model in MODELS:
                render(module, model)

    return {
        "python": (lambda: python("pass"), nothing),
        "floor of --help: import click": (lambda: python("import click"), nothing),
        "yolopatch --help": (lambda: run(*YOLOPATCH, "--help"), nothing),
        "yolopatch --help --lang zh": (lambda: run(*YOLOPATCH, "--help", "--lang", "zh"), nothing),
        "yolopatch, completing a module": (complete, nothing),
        "yolopatch list": (lambda: run(*YOLOPATCH, "list"), nothing),
        "floor of yolopatch alone: imports + log + status": (read_floor, nothing),
        "yolopatch alone, in a workspace": (lambda: run(*YOLOPATCH, cwd=workspace), nothing),
        "floor of apply: imports + worktree add + am": (git_floor, drop_tree),
        "yolopatch apply, warm cache": (apply, lambda: shutil.rmtree(dest)),
        "floor of render-cfg: import click, jinja2": (lambda: python("import click, jinja2"), nothing),
        "yolopatch render-cfg, one": (lambda: render(MODULE, "yolo11"), lambda: shutil.rmtree(out)),
        "yolopatch render-cfg, all 20": (render_all, lambda: shutil.rmtree(out)),
    }


RATIOS: tuple[tuple[str, str, float | None], ...] = (
    ("yolopatch --help", "floor of --help: import click", 1.5),
    ("yolopatch --help --lang zh", "floor of --help: import click", 1.5),
    ("yolopatch, completing a module", "floor of --help: import click", None),
    ("yolopatch list", "floor of --help: import click", None),
    ("yolopatch alone, in a workspace", "floor of yolopatch alone: imports + log + status", None),
    ("yolopatch apply, warm cache", "floor of apply: imports + worktree add + am", 1.5),
    ("yolopatch render-cfg, one", "floor of render-cfg: import click, jinja2", None),
)


def chosen(words: Sequence[str]) -> list[tuple[str, str, float | None]]:
    """Return the ratios with one of these words in their names; all of them without a word.

    Raises:
        SystemExit: no name has such a word.
    """
    found = [ratio for ratio in RATIOS if not words or any(word in ratio[0] for word in words)]
    if not found:
        names = "\n  ".join(name for name, _, _ in RATIOS)
        raise SystemExit(f"error: no row has {' or '.join(map(repr, words))} in its name\n  {names}")
    return found


def main() -> None:
    """Print the medians, then the ratios beside their aims."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", nargs="*", default=[], help="words; only the ratios with one in their name are timed")
    words = parser.parse_args().rows
    ratios = chosen(words)
    needed = {name for row in ratios for name in row[:2]}
    with tempfile.TemporaryDirectory(prefix="yolopatch-bench-") as folder:
        os.environ["YOLOPATCH_CACHE"] = str(Path(folder) / "cache")
        # an installed yolopatch has its bytecode, as the libraries of the floors have; the first round writes it
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
        rows = {name: task for name, task in tasks(Path(folder)).items() if not words or name in needed}
        timings = interleaved(rows, ROUNDS)
    print(f"medians of {ROUNDS} interleaved rounds, in ms (fastest to slowest)")
    for timing in timings.values():
        print(timing)
    print("ratios of medians")
    for name, floor, aim in ratios:
        ratio = timings[name].median / timings[floor].median
        print(f"  {name:<46}{ratio:10.2f}  {f'aim: at most {aim}' if aim else ''}".rstrip())


if __name__ == "__main__":
    main()
