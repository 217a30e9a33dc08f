"""`python -m yolopatch.maintain TASK`.

The tasks: patches, manifests, interfaces, release-index, figures, costs, module-pages, matrix, port-matrix, port-every,
reproduce, forks, messages, readme, recording.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from yolopatch.catalog.model.base_model import TASKS
from yolopatch.catalog.module import FLAVORS
from yolopatch.catalog.modules import MODULES
from yolopatch.catalog.pins import PINS, UPSTREAMS
from yolopatch.catalog.reproduce.recipes import RECIPES
from yolopatch.cli.language.choice import CHINESE
from yolopatch.errors import EXIT_VERIFY, YolopatchError
from yolopatch.maintain import forks, matrix, ported, reproduced
from yolopatch.maintain.costs.measure import measure_costs
from yolopatch.maintain.figures import write_figures
from yolopatch.maintain.interfaces import write_interface
from yolopatch.maintain.manifests import write_manifest
from yolopatch.maintain.pages.forks import forks_page
from yolopatch.maintain.pages.matrix import page
from yolopatch.maintain.pages.modules import write_module_pages
from yolopatch.maintain.pages.readme import write_readme
from yolopatch.maintain.pages.reproduced import draw
from yolopatch.maintain.pages.reproduced import page as reproduced_page
from yolopatch.maintain.patches import write_patches
from yolopatch.maintain.recording.recording import LANGUAGES, write_recording
from yolopatch.maintain.release_index import write_release_index
from yolopatch.outside.probe.inspect import inspect_interpreter

_WRITERS = {"patches": write_patches, "manifests": write_manifest, "interfaces": write_interface}


def main(arguments: list[str]) -> int:
    """Run one of the maintainer's tasks and return its exit code."""
    asked = _parser().parse_args(arguments)
    try:
        if asked.task == "figures":
            write_figures(asked.tutorials)
            return 0
        if asked.task == "module-pages":
            print(f"{write_module_pages(asked.docs)} pages have changed")
            return 0
        if asked.task == "release-index":
            for upstream in asked.upstreams:
                print(f"{upstream}: {write_release_index(upstream)}", flush=True)
            return 0
        if asked.task == "messages":
            return _messages()
        if asked.task == "costs":
            return _costs(asked)
        if asked.task == "matrix":
            return _verify_matrix(asked)
        if asked.task == "port-matrix":
            return _port_matrix(asked)
        if asked.task == "port-every":
            return _port_every(asked)
        if asked.task == "reproduce":
            return _reproduce(asked)
        if asked.task == "forks":
            return _forks(asked)
        if asked.task == "readme":
            print(f"changed: {', '.join(write_readme(Path())) or 'nothing'}")
            return 0
        if asked.task == "recording":
            for language in asked.languages:
                print(write_recording(language, asked.out), flush=True)
            return 0
        for pin in PINS.values():
            print(f"{pin.name}: {_WRITERS[asked.task](pin)}")
    except YolopatchError as error:
        print(error.what, *error.details, error.hint, sep="\n  ", file=sys.stderr)
        return error.exit_code
    return 0


def _messages() -> int:
    """Write the PO files anew from the sources, and compile them; says what is missing or wrong."""
    from yolopatch.maintain.messages import catalogs  # imported late: it needs babel, which only developers have

    missing = catalogs.update(CHINESE)
    print(f"{catalogs.write_compiled(CHINESE)} messages with a translation, {missing} without one")
    found = list(catalogs.faults(CHINESE))
    print(*found, sep="\n")
    return EXIT_VERIFY if found else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m yolopatch.maintain")
    tasks = parser.add_subparsers(dest="task", required=True)
    for name in _WRITERS:
        tasks.add_parser(name)
    tasks.add_parser("messages")
    task = tasks.add_parser("release-index")
    task.add_argument("--upstreams", nargs="+", choices=UPSTREAMS, default=UPSTREAMS)
    task = tasks.add_parser("figures")
    _add_tutorials(task)
    task = tasks.add_parser("module-pages")
    task.add_argument("--docs", type=Path, default=Path("docs"), help="the folder with modules/ and measured/")
    task = tasks.add_parser("costs")
    _add_modules(task)
    task = tasks.add_parser("reproduce")
    task.add_argument("--folder", type=Path, required=True, help="keeps the runs; a stopped run continues there")
    task.add_argument("--python", default=sys.executable, help="the interpreter to train with")
    task.add_argument("--compat", action="store_true", help="apply every pin's compatibility patch")
    _add_tutorials(task)
    kinds = (reproduced.QUICK, reproduced.EXACT)
    task.add_argument("--kinds", nargs="+", choices=kinds, default=list(kinds), help="short runs, runs as in the posts")
    task.add_argument("--out", type=Path, help="the page; the picture is written next to it")
    task = tasks.add_parser("port-matrix")
    task.add_argument("--releases", nargs="+", default=list(ported.SPREAD), help="versions, or `newest`")
    _add_modules(task)
    task.add_argument("--no-prove", action="store_true", help="do not build models")
    task.add_argument("--python", default=sys.executable, help="the interpreter to build models with")
    task.add_argument("--out", type=Path, required=True, help="the page")
    task = tasks.add_parser("port-every")
    task.add_argument("--releases", nargs="+", default=[], help="versions; by default all")
    _add_modules(task)
    task.add_argument("--python", default=sys.executable, help="the interpreter to build models with")
    task.add_argument("--out", type=Path, required=True, help="the page")
    task = tasks.add_parser("forks")
    task.add_argument("places", nargs="+", type=Path, help="folders, git repositories or archives of forks")
    task.add_argument("--python", default=sys.executable, help="the interpreter to build models with")
    task.add_argument("--kept", type=Path, required=True, help="keeps results; a stopped run continues there")
    task.add_argument("--out", type=Path, required=True, help="the page")
    tasks.add_parser("readme")
    task = tasks.add_parser("recording")
    task.add_argument("--languages", nargs="+", choices=LANGUAGES, default=list(LANGUAGES))
    task.add_argument("--out", type=Path, required=True, help="the folder of the SVGs")
    task = tasks.add_parser("matrix")
    task.add_argument("--scales", default=matrix.SCALES)
    task.add_argument("--pins", nargs="+", choices=list(PINS), default=list(PINS))
    _add_modules(task)
    task.add_argument("--tasks", nargs="+", choices=list(TASKS), default=list(TASKS))
    task.add_argument("--flavors", nargs="+", choices=list(FLAVORS), default=list(FLAVORS))
    task.add_argument("--depth", choices=list(matrix.DEPTHS), default=next(iter(matrix.DEPTHS)), help="how many checks")
    task.add_argument("--workers", type=int, default=2)
    task.add_argument("--kept", type=Path, required=True, help="keeps results; a stopped run continues there")
    task.add_argument("--out", type=Path, required=True, help="the table")
    return parser


def _add_tutorials(task: argparse.ArgumentParser) -> None:
    task.add_argument("--tutorials", nargs="+", choices=list(RECIPES), default=list(RECIPES))


def _add_modules(task: argparse.ArgumentParser) -> None:
    task.add_argument("--modules", nargs="+", choices=list(MODULES), default=list(MODULES))


def _verify_matrix(asked: argparse.Namespace) -> int:
    wanted = set(matrix.cases(asked.scales, asked.pins, asked.tasks, asked.flavors, asked.modules))
    results = []
    for result in matrix.verify_all(frozenset(wanted), asked.kept, asked.workers, asked.depth):
        results.append(result)
        if result.case in wanted:
            wanted.remove(result.case)
            print(f"{_summary_line(result)}; {len(wanted)} left", flush=True)
    asked.out.write_text(page(results, _written(asked.out)), encoding="utf-8")
    return EXIT_VERIFY if any(result.failed and result.case.flavor == "paper" for result in results) else 0


def _costs(asked: argparse.Namespace) -> int:
    failed = False
    for name, cost in measure_costs(asked.modules):
        failed = failed or bool(cost.failed)
        verdict = f"fails {', '.join(cost.failed)}" if cost.failed else "passes"
        print(f"{name} {verdict}: {cost.parameters:,} parameters, {cost.gflops} GFLOPs", flush=True)
    return EXIT_VERIFY if failed else 0


def _port_matrix(asked: argparse.Namespace) -> int:
    results = []
    for result in ported.port_spread(asked.releases, not asked.no_prove, asked.python, asked.modules):
        results.append(result)
        _print_ported(result)
    asked.out.write_text(ported.page(results, _written(asked.out)), encoding="utf-8")
    return 0 if all(result.holds for result in results) else EXIT_VERIFY


def _port_every(asked: argparse.Namespace) -> int:
    forms = ported.port_every(asked.python, _print_ported, asked.releases, asked.modules)
    asked.out.write_text(ported.every_page(forms), encoding="utf-8")
    return 0 if all(one.holds for form in forms for one in (*form.results, form.proven)) else EXIT_VERIFY


def _print_ported(result: ported.Result) -> None:
    print(f"{result.version}: {'holds' if result.holds else 'does NOT hold'}, {result.seconds:.0f} s", flush=True)


def _reproduce(asked: argparse.Namespace) -> int:
    results = []
    wanted = reproduced.cases(asked.tutorials, asked.kinds)
    for result in reproduced.run_all(asked.folder.absolute(), asked.python, asked.compat, wanted):
        results.append(result)
        verdict = "as expected" if result.as_expected else "NOT as expected"
        print(f"{result.case.name} ({result.case.kind}): {verdict}, {result.seconds:.0f} s", flush=True)
    if asked.out:
        picture = asked.out.with_suffix(".png")
        draw(results, picture)
        asked.out.write_text(reproduced_page(results, picture.name, _versions(asked.python)), encoding="utf-8")
    return 0 if all(result.as_expected for result in results) else EXIT_VERIFY


def _forks(asked: argparse.Namespace) -> int:
    rows = []
    for row in forks.adopt_all(asked.places, asked.python, asked.kept):
        rows.append(row)
        print(f"{row.fork}: {row.base}; builds: {row.builds}; rebuilt: {row.rebuilt}; {row.seconds:.0f} s", flush=True)
    versions = _versions(asked.python, *forks.PACKAGES)
    asked.out.write_text(forks_page(rows, versions, _written(asked.out)), encoding="utf-8")
    return 0


def _written(file: Path) -> str:
    """Return the text of a page so far: what a run does not make anew stays."""
    return file.read_text(encoding="utf-8") if file.is_file() else ""


def _versions(python: str, *more: str) -> str:
    found = inspect_interpreter(python)
    there = (name for name in more if name in found.packages)
    named = ("torch", "torchvision", "numpy", "pillow", "setuptools", *there)
    return ", ".join([f"Python {found.python}", *(f"{name} {found.packages.get(name)}" for name in named)])


def _summary_line(result: matrix.Result) -> str:
    case = result.case
    name = f"{case.pin} {case.module} ({case.flavor}, {case.place}, {case.task} {case.scale})"
    verdict = f"fails {', '.join(result.failed)}" if result.failed else "passes"
    return f"{name} {verdict}, {result.seconds} s"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
