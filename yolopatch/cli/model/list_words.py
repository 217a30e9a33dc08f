"""The result lines of `list`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

import click

from yolopatch.catalog.kinds import KINDS
from yolopatch.cli.layout import badge, command, indented, quoted, table, terminal_width, to_the_left, to_the_right
from yolopatch.core.language.spoken import Finished, spoken

if TYPE_CHECKING:
    from yolopatch.steps.model.listing import CheckRow, ModuleRow, PinRow, TutorialRow
    from yolopatch.steps.model.measured import Measured
    from yolopatch.steps.model.one_module import ModuleDetail

_NAME = 12  # cells in front of a fact
_MARGIN = " " * _NAME


_FIGURES = 24  # cells up to the first figure
_ROOMY = 60  # cells of a terminal with room for the figures beside the name


def modules(rows: Sequence[ModuleRow]) -> Iterator[str]:
    """Yield the modules by what they stand for: year, costs, verdict, paper, and their pins if they lack one."""
    heads = (*(to_the_right(head, width) for head, width in (("year", 4), ("parameters", 10), ("GFLOPs", 7))), "verify")
    is_narrow = (terminal_width() or _ROOMY) < _ROOMY
    for group in dict.fromkeys(kind.group for kind in KINDS.values()):
        found = [row for row in rows if KINDS[row.kind].group == group]
        if found:
            yield badge(group, "cyan")
        if found and not is_narrow:
            yield click.style(f"{'':<{_FIGURES}}{'  '.join(heads)}", dim=True)
        for row in found:
            yield from _narrow(row) if is_narrow else _wide(row)
            yield from quoted(row.paper, "    ")
            have = [pin for pin, flavors in row.pins.items() if flavors]
            if len(have) < len(row.pins):
                yield from indented(f"pins: {', '.join(have) or 'none'}", "    ")
    yield ""
    known = next((row.measured for row in rows if row.measured), None)
    if known:
        yield from indented(_method(known))
    yield from indented("one of them, with its classes, placements and commands: yolopatch list MODULE")


def _narrow(row: ModuleRow) -> Iterator[str]:
    yield Finished(f"  {click.style(row.name, bold=True)}{f'  {row.year}' if row.year else ''}")
    known = row.measured
    if known:
        told = f"parameters {known.more_parameters:+.1f}%, GFLOPs {known.more_gflops:+.1f}%, verify: {known.verdict}"
        yield from indented(told, "    ")


def _wide(row: ModuleRow) -> Iterator[str]:
    yield Finished(f"  {click.style(f'{row.name:<{_FIGURES - 2}}', bold=True)}{_figures(row)}".rstrip())


def _figures(row: ModuleRow) -> str:
    year, known = f"{row.year or '-':>4}", row.measured
    if known is None:
        return f"{year}  {'-':>10}  {'-':>7}  -"
    return f"{year}  {known.more_parameters:>+9.1f}%  {known.more_gflops:>+6.1f}%  {spoken().translate(known.verdict)}"


def _method(known: Measured) -> str:
    return (
        f"parameters and GFLOPs: of {known.model} with the module at its usual place, against {known.model}"
        f" ({known.pin}, {known.imgsz} px, torch's FlopCounterMode); verify: the checks that need no training and no"
        " export"
    )


def one_module(found: ModuleDetail) -> Iterator[str]:
    """Yield all that is known of a module, and the commands to use it."""
    yield click.style(found.name, bold=True) + (f"  {found.year}" if found.year else "")
    yield from quoted(found.paper)
    yield from _fact("kind", f"{found.kind}: {found.replaces}")
    for name, values in (
        ("classes", found.classes),
        ("blocks", found.blocks),
        ("flavors", found.flavors),
        ("blog post", [found.tutorial or ""]),
        ("pins", [pin for pin, flavors in found.pins.items() if flavors]),
    ):
        yield from _named(name, values)
    if found.placement:
        others = [name for name in found.placements if name != found.placement]
        yield from _fact("placement", f"{found.placement} ({found.model})")
        yield from _fact("or", ", ".join([*others, "layer numbers"]))
    if found.misfit:
        yield from _fact("placement", f"none that is usual, but layer numbers: {found.misfit}")
    if found.measured:
        yield from _measured(found.measured)
    if found.page:
        yield from _fact("page", f"{found.page} says what circulating code does otherwise")
    yield ""
    yield from (command(line, "  ") for line in found.commands)


def _measured(known: Measured) -> Iterator[str]:
    yield from _fact(
        "costs",
        f"{known.model} {known.base_parameters:,} to {known.parameters:,} parameters ({known.more_parameters:+.1f}%), "
        f"{known.base_gflops:.2f} to {known.gflops:.2f} GFLOPs at {known.imgsz} px ({known.more_gflops:+.1f}%)",
    )
    found = f": {', '.join((*known.failed, *known.warned))}" if known.failed or known.warned else ""
    yield from _fact("verify", f"{known.verdict}{found} ({len(known.checks)} checks, on {known.pin})")


def _named(name: str, values: Iterable[str]) -> Iterator[str]:
    """Yield a name and values that are typed as they stand: `paper` is a word of ours, too, and no flavor then."""
    yield from _lines(name, quoted(", ".join(values), _MARGIN))


def _fact(name: str, value: str) -> Iterator[str]:
    """Yield a name and a value that may take several lines."""
    yield from _lines(name, indented(value, _MARGIN))


def _lines(name: str, value: Iterable[str]) -> Iterator[str]:
    first, *others = (*value, "")
    if first:
        yield Finished(f"  {to_the_left(name, _NAME - 2)}{first.strip()}")
        yield from others[:-1]


def pins(rows: Sequence[PinRow], size: int) -> Iterator[str]:
    """Yield each pin with its base model, block, tasks, further models, sources, fix patches, and what is cached.

    Args:
        rows: the pins.
        size: the bytes of the whole cache.
    """
    for row in rows:
        yield click.style(row.name, bold=True) + f"  {row.model}, blocks {row.block}; {', '.join(row.tasks)}"
        if row.others:
            yield f"  further models: {', '.join(row.others)}"
        yield from (f"  {source}" for source in row.sources)
        if row.fix_patches:
            yield f"  fixes, each on request: {', '.join(f'--{name}' for name in row.fix_patches)}"
        for one in row.cached:
            yield f"  in the cache, from {one.source}: {_megabytes(one.bytes)} MB"
        if not row.cached:
            yield "  not in the cache yet: the first command that needs it fetches it"
    yield f"in the cache in all: {_megabytes(size)} MB"
    rest = size - sum(one.bytes for row in rows for one in row.cached)
    if rest >= _SHOWN:
        yield f"  of it other releases, wheels and environments: {_megabytes(rest)} MB"


_SHOWN = 50_000  # bytes, which are 0.1 MB


def _megabytes(size: int) -> str:
    return f"{size / 1e6:.1f}"


def tutorials(rows: Sequence[TutorialRow]) -> Iterator[str]:
    """Yield one line for each tutorial."""
    cells = [(row.id, row.module, row.pin, row.placement) for row in rows]
    yield from table(("blog post", "module", "pin", "placement"), cells, left=4)


def checks(rows: Sequence[CheckRow]) -> Iterator[str]:
    """Yield each check with what it means."""
    for row in rows:
        yield click.style(row.id, bold=True)
        yield from indented(row.means)
