"""`python -m yolopatch.maintain patches|manifests|figures|matrix`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from yolopatch.catalog.base_model import TASKS
from yolopatch.catalog.modules import FLAVORS
from yolopatch.catalog.pins import PINS
from yolopatch.errors import EXIT_VERIFY, YolopatchError
from yolopatch.maintain import matrix
from yolopatch.maintain.figures import write_figures
from yolopatch.maintain.manifests import write_manifest
from yolopatch.maintain.matrix_page import page
from yolopatch.maintain.patches import write_patches

_WRITERS = {"patches": write_patches, "manifests": write_manifest}


def main(arguments: list[str]) -> int:
    """Write the manifests or the patches of every pin, or the figures, or verify everything and write the table."""
    asked = _parser().parse_args(arguments)
    try:
        if asked.task == "figures":
            write_figures()
            return 0
        if asked.task == "matrix":
            return _verify_matrix(asked)
        for pin in PINS.values():
            print(f"{pin.name}: {_WRITERS[asked.task](pin)}")
    except YolopatchError as error:
        print(error.what, *error.details, error.hint, sep="\n  ", file=sys.stderr)
        return error.exit_code
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m yolopatch.maintain")
    tasks = parser.add_subparsers(dest="task", required=True)
    for name in (*_WRITERS, "figures"):
        tasks.add_parser(name)
    task = tasks.add_parser("matrix")
    task.add_argument("--scales", default=matrix.SCALES)
    task.add_argument("--pins", nargs="+", choices=list(PINS), default=list(PINS))
    task.add_argument("--tasks", nargs="+", choices=list(TASKS), default=list(TASKS))
    task.add_argument("--flavors", nargs="+", choices=list(FLAVORS), default=list(FLAVORS))
    task.add_argument("--quick", action="store_true", help=f"only {', '.join(matrix.QUICK)}")
    task.add_argument("--workers", type=int, default=2)
    task.add_argument("--kept", type=Path, required=True, help="keeps results: a stopped run goes on there")
    task.add_argument("--out", type=Path, required=True, help="the table")
    return parser


def _verify_matrix(asked: argparse.Namespace) -> int:
    wanted = set(matrix.cases(asked.scales, asked.pins, asked.tasks, asked.flavors))
    results = []
    for result in matrix.verify_all(frozenset(wanted), asked.kept, asked.workers, asked.quick):
        results.append(result)
        if result.case in wanted:
            wanted.remove(result.case)
            print(f"{_said(result)}; {len(wanted)} to go", flush=True)
    asked.out.write_text(page(results), encoding="utf-8")
    return EXIT_VERIFY if any(result.failed and result.case.flavor == "paper" for result in results) else 0


def _said(result: matrix.Result) -> str:
    case = result.case
    name = f"{case.pin} {case.module} ({case.flavor}, {case.place}, {case.task} {case.scale})"
    verdict = f"fails {', '.join(result.failed)}" if result.failed else "passes"
    return f"{name} {verdict}, {result.seconds} s"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
