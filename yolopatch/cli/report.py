"""The only place that prints: results for people, or as one JSON object."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from yolopatch.errors import YolopatchError

# of a data set: enough to see what is wrong with it
_MOST_PROBLEMS = 20
_SEVERITIES = {"error": "red", "warning": "yellow"}

if TYPE_CHECKING:
    from yolopatch.steps.dataset import DatasetReport
    from yolopatch.steps.diff import Difference
    from yolopatch.steps.render import Placed, RenderResult
    from yolopatch.steps.shapes import ShapesSet
    from yolopatch.steps.state import State
    from yolopatch.steps.status import Status
    from yolopatch.steps.summary import Count, Summary
    from yolopatch.steps.verify import Verification, Verifications


def report_error(error: YolopatchError, as_json: bool, color: bool | None = None) -> int:
    """Print an error and return its exit code; `color` is None for colour on a terminal."""
    if as_json:
        told = {"what": error.what, "details": list(error.details), "hint": error.hint}
        _print_json({"error": told, "exit_code": error.exit_code})
    click.echo(click.style("error: ", fg="red", bold=True) + error.what, err=True, color=color)
    for line in error.details:
        click.echo(f"  {line}", err=True)
    if error.hint:
        click.echo(f"  next: {error.hint}", err=True)
    return error.exit_code


def show_state(state: State, as_json: bool) -> None:
    """Print a workspace after `apply` or `remove`."""
    _print_notes(state.notes)
    if as_json:
        _print_json({key: value for key, value in asdict(state).items() if key != "notes"})
        return
    modules = ", ".join(f"{m.name} ({m.flavor})" for m in state.modules) or "no module"
    click.echo(click.style("changed" if state.changed else "unchanged", fg="green", bold=True))
    _print_pairs(
        [
            ("workspace", state.workspace),
            ("pin", f"{state.pin}, from {state.source}"),
            ("modules", modules),
            ("commit", state.commit),
        ]
    )
    for file in state.files:
        click.echo(f"  {'+' + str(file.added):>6}  {file.path}")


def show_status(status: Status, as_json: bool) -> None:
    """Print what a workspace holds."""
    if as_json:
        _print_json(asdict(status))
        return
    click.echo(click.style("clean" if status.clean else "changed by you", fg="green" if status.clean else "yellow"))
    _print_pairs(
        [
            ("workspace", status.workspace),
            ("pin", status.pin),
            ("source", status.origin),
            ("modules", ", ".join(f"{m.name} ({m.flavor})" for m in status.modules) or "no module"),
            ("commit", status.commit),
            ("branch", status.branch or "detached HEAD"),
        ]
    )
    for name in status.edited:
        click.echo(f"  edited    {name}")
    for commit in status.own_commits:
        click.echo(f"  yours     {commit}")
    if status.operation:
        click.echo(f"  in the middle of a {status.operation}")
    if status.interrupted:
        click.echo("  an earlier run was interrupted; the next apply or remove finishes it")


def show_diff(difference: Difference, as_json: bool) -> None:
    """Print a unified diff, as it is."""
    if as_json:
        _print_json(asdict(difference))
    else:
        # as bytes: a commit of the user's may hold text in any encoding
        click.echo(difference.diff.encode("utf-8", "surrogateescape"), nl=False)


def show_list(what: str, rows: Sequence[Any], as_json: bool) -> None:
    """Print the rows of `yolopatch list`."""
    if as_json:
        _print_json({what: [asdict(row) for row in rows]})
        return
    {"modules": _list_modules, "pins": _list_pins, "tutorials": _list_tutorials}[what](rows)


def _list_modules(rows: Sequence[Any]) -> None:
    for row in rows:
        click.echo(click.style(row.name, bold=True) + f"  {', '.join(row.classes)}")
        for line in _wrapped(row.paper):
            click.echo(f"  {line}")
        pins = [pin for pin, flavors in row.pins.items() if flavors]
        for line in _wrapped(f"pins: {', '.join(pins)}"):
            click.echo(f"  {line}")


def _list_pins(rows: Sequence[Any]) -> None:
    for row in rows:
        click.echo(click.style(row.name, bold=True) + f"  {row.model}, blocks {row.block}; {', '.join(row.tasks)}")
        for source in row.sources:
            click.echo(f"  {source}")


def _list_tutorials(rows: Sequence[Any]) -> None:
    _print_table(
        ("tutorial", "module", "pin", "placement"),
        [(r.id, r.module, r.pin, r.placement) for r in rows],
        left=4,
    )


def show_rendered(result: RenderResult, as_json: bool) -> None:
    """Print the files that `render-cfg` wrote."""
    if as_json:
        _print_json(asdict(result))
        return
    for file in result.files:
        stands = "; ".join(map(_stands, file.placed)) or "no module"
        click.echo(click.style(str(file.path), bold=True))
        for line in _wrapped(f"{file.model}, {file.task}, scale {file.scale}, {stands}"):
            click.echo(f"  {line}")


def _stands(placed: Placed) -> str:
    said = (("in", placed.replaced), ("in new", placed.inserted))
    where = (f"{word} layers {', '.join(map(str, numbers))}" for word, numbers in said if numbers)
    return f"{placed.module} {' and '.join(where)}"


def show_shapes(made: ShapesSet, as_json: bool) -> None:
    """Print the data set that `data shapes` made."""
    if as_json:
        _print_json(asdict(made))
        return
    click.echo(click.style("written" if made.changed else "unchanged", fg="green", bold=True))
    _print_pairs(
        [
            ("data", made.data),
            ("task", made.task),
            ("classes", ", ".join(made.classes)),
            ("images", f"{made.train} to train, {made.val} to validate"),
            ("sha256", made.sha256),
        ]
    )


def show_dataset(found: DatasetReport, as_json: bool) -> None:
    """Print what `data check` found in a data set."""
    if as_json:
        _print_json({**asdict(found), "errors": found.errors})
        return
    verdict = f"{found.errors} error{'s' * (found.errors > 1)}" if found.errors else "no error"
    click.echo(click.style(verdict, fg="red" if found.errors else "green", bold=True) + f"  {found.data}, {found.task}")
    rows = [(part.name, *map(_number, (part.images, part.empty, part.objects))) for part in found.parts]
    _print_table(("", "images", "without objects", "objects"), rows, left=1)
    _print_table(("class", "objects"), [(name, _number(count)) for name, count in found.objects.items()], left=1)
    for problem in found.problems[:_MOST_PROBLEMS]:
        click.echo(
            f"  {click.style(problem.severity, fg=_SEVERITIES[problem.severity])}  {problem.where} {problem.what}"
        )
    if len(found.problems) > _MOST_PROBLEMS:
        click.echo(f"  and {len(found.problems) - _MOST_PROBLEMS} more; --json has all of them")


def show_summary(summary: Summary, as_json: bool) -> None:
    """Print a model beside its base."""
    if as_json:
        _print_json(_summary_data(summary))
        return
    title = f"{summary.cfg.name}, scale {summary.scale}, built from {summary.workspace.name}"
    click.echo(click.style(title, bold=True))
    model, base = summary.model, summary.base
    rows = [
        ("layers", _number(model.layers), _number(base.layers), _percent(model.layers, base.layers)),
        (
            "parameters",
            _number(model.parameters),
            _number(base.parameters),
            _percent(model.parameters, base.parameters),
        ),
        ("GFLOPs as upstream prints (thop)", *_flops(model.gflops_upstream, base.gflops_upstream)),
        ("GFLOPs true (torch FlopCounterMode)", *_flops(model.gflops_true, base.gflops_true)),
    ]
    _print_table((f"at {summary.imgsz} px", "model", "base", "change"), rows, left=1)
    if summary.changes:
        click.echo("replaced and new layers:")
        ours, theirs = ({row["index"]: row for row in count.table} for count in (model, base))
        _print_table(
            ("layer", "class", "parameters", "base class", "parameters"),
            [_change(ours[c.layer], None if c.base is None else theirs[c.base]) for c in summary.changes],
            left=0,
        )


def show_verification(found: Verification | Verifications, as_json: bool, page: Path | None) -> None:
    """Print what `verify` found, at one scale or at each; `page` is the report that was written, if any."""
    if as_json:
        _print_json(found.data())
        return
    from yolopatch.cli import verdict  # only this command needs it
    from yolopatch.steps.verify import Verification

    runs = (found,) if isinstance(found, Verification) else found.runs
    if len(runs) > 1:
        _print_lines(verdict.overview(found))
    width = shutil.get_terminal_size((100, 24)).columns
    for run in runs:
        _print_lines(verdict.opening(run, width))
        header, rows = verdict.figures(run.data())
        if rows:
            _print_table(header, rows, left=1)
        _print_lines(verdict.check_table(run.checks, width))
    if page:
        click.echo(f"report: {page}")


def _print_lines(lines: Iterable[str]) -> None:
    for line in lines:
        click.echo(line)


def _summary_data(summary: Summary) -> dict[str, Any]:
    return {
        "workspace": summary.workspace,
        "cfg": summary.cfg,
        "scale": summary.scale,
        "imgsz": summary.imgsz,
        "replaced": [change.layer for change in summary.changes if change.base is not None],
        "inserted": [change.layer for change in summary.changes if change.base is None],
        **_count_data(summary.model),
        "base": _count_data(summary.base),
    }


def _count_data(count: Count) -> dict[str, Any]:
    return {
        "layers": count.layers,
        "parameters": count.parameters,
        "gradients": count.gradients,
        "gflops": {"upstream": count.gflops_upstream, "true": count.gflops_true},
        "table": count.table,
    }


def _change(row: dict, base: dict | None) -> tuple[str, ...]:
    before = (base["class"], _number(base["parameters"])) if base else ("new", "-")
    return str(row["index"]), row["class"], _number(row["parameters"]), *before


def _flops(model: float | None, base: float | None) -> tuple[str, str, str]:
    if model is None or base is None:
        return "-", "-", "-"
    return f"{model:.2f}", f"{base:.2f}", _percent(model, base)


def _number(value: int) -> str:
    return f"{value:,}"


def _percent(value: float, base: float) -> str:
    return f"{(value / base - 1) * 100:+.1f}%" if base else "-"


def _print_json(data: dict[str, Any]) -> None:
    click.echo(json.dumps(data, default=_plain))


def _plain(value: Any) -> str:
    if isinstance(value, Path):
        return str(value)
    raise TypeError(f"no JSON form for {type(value).__name__}")


def _print_notes(notes: Iterable[str]) -> None:
    for note in notes:
        click.echo(click.style("note: ", fg="yellow") + note, err=True)


def _print_pairs(pairs: Iterable[tuple[str, object]]) -> None:
    for name, value in pairs:
        click.echo(f"  {name:<10}{value}")


def _print_table(header: Sequence[str], rows: Sequence[Sequence[str]], left: int) -> None:
    """Print aligned columns; the first `left` of them, and words, are aligned to the left."""
    widths = [max(len(row[column]) for row in (header, *rows)) for column in range(len(header))]
    for number, row in enumerate((header, *rows)):
        cells = [
            cell.ljust(width) if column < left or not _is_figure(rows, column) else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths))
        ]
        click.echo(click.style(("  " + "  ".join(cells)).rstrip(), dim=number == 0))


def _is_figure(rows: Sequence[Sequence[str]], column: int) -> bool:
    return all(row[column][:1].isdigit() or row[column][:1] in "+-" for row in rows)


def _wrapped(text: str) -> list[str]:
    import textwrap  # only some reports have long lines

    return textwrap.wrap(text, 76)
