"""The result lines of `doctor`."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import TYPE_CHECKING

import click

from yolopatch.cli.layout import badge, command, pairs, table, terminal_width
from yolopatch.core.language.spoken import spoken, titled
from yolopatch.core.wrapping import wrap

if TYPE_CHECKING:
    from yolopatch.steps.environment.doctor import Case, Diagnosis
    from yolopatch.steps.environment.faults import Fault

_COLOURS = {"error": "red", "warning": "yellow"}
_WIDTH = 96
_MARGIN = " " * 6


def examination(found: Diagnosis) -> Iterator[str]:
    """Yield the interpreter, the imports and the settings; then what would fail."""
    yield from pairs(
        [
            ("python", f"{found.python} ({found.version})"),
            ("device", ", ".join(found.gpus) or "CPU"),
            *([("workspace", found.workspace)] if found.workspace else []),
        ]
    )
    yield from pairs(_surroundings(found))
    yield from pairs(("variable", f"{name}={value}") for name, value in found.variables.items())
    if found.workspace:
        rows = [(one.name, one.installed or "-", one.tried or "any") for one in found.packages]
        yield from table(("library", "installed", "tried"), rows, left=3)
    for case in found.cases:
        yield from _case(case)


def _surroundings(found: Diagnosis) -> Iterator[tuple[str, object]]:
    if found.imported:
        yield "import", f"{found.imported.name} from {found.imported.inside} (run in the workspace)"
        yield "import", f"{found.imported.name} from {found.imported.outside or 'nowhere'} (run elsewhere)"
    if found.settings.own:
        yield "settings", f"{found.settings.own} (with yolopatch)"
    sends = "; upstream sends usage data to its makers" if found.settings.sends else ""
    yield "settings", f"{found.settings.shared} (without yolopatch; shared by all copies of upstream{sends})"


def _case(case: Case) -> Iterator[str]:
    errors = sum(one.severity == "error" for one in case.ailments)
    verdict = f"{errors} error{'s' * (errors != 1)}" if errors else "nothing would fail"
    fixed = "".join(f", {patch.effect}" for patch in case.fix_patches)
    yield f"{badge(verdict, 'red' if errors else 'green')}  {case.pin}{fixed}"
    for _, alike in groupby(case.ailments, key=lambda one: (one.severity, one.stage, one.hint)):
        yield from _ailments(list(alike))


def _ailments(alike: list[Fault]) -> Iterator[str]:
    """Yield the problems that one command solves, then the command."""
    for ailment in alike:
        word = spoken().translate(ailment.severity)
        severity = click.style(word, fg=_COLOURS[ailment.severity])
        what = spoken().translate(ailment.what)
        text = titled(f"{ailment.stage}:", ailment.what) if ailment.stage else what
        yield from wrap(text, min(terminal_width() or _WIDTH, _WIDTH), f"  {severity} ", _MARGIN, whole=True)
        if ailment.where:
            yield from pairs([("where", ailment.where)], _MARGIN)
    if alike[0].hint:
        yield from pairs([("next", command(alike[0].hint))], _MARGIN)
