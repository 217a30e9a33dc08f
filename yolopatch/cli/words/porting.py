"""A port: what became of each patch, what stands against it, and what was proven."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from yolopatch.cli.words.layout import indented, pairs, table
from yolopatch.core.proof import BEHIND, IN_BLOCKS, IN_LAYERS, PROOF_PLACES

if TYPE_CHECKING:
    from yolopatch.core.contract import Conflict
    from yolopatch.core.porting import Outcome
    from yolopatch.steps.port import Port

_HEADS = {IN_LAYERS: "layers", IN_BLOCKS: "blocks", BEHIND: "behind"}


def port(found: Port) -> Iterator[str]:
    """Give the release, a line for each module and flavor, the conflicts, and what to do next."""
    holds = click.style("holds", fg="green", bold=True) if found.holds else click.style("conflict", fg="red", bold=True)
    yield f"{click.style(found.pin.name, bold=True)}: {holds}"
    yield from pairs([("from", found.origin), ("family", f"{found.pin.model}, patches like {found.pin.like}")])
    places = [place for place in PROOF_PLACES if any(proof.place == place for proof in found.proofs or ())]
    header = ("module", "flavor", "status", *(_HEADS[place] for place in places))
    yield from table(header, [_row(found, one, places) for one in found.outcomes], left=len(header))
    for conflict, names in _conflicts(found).items():
        yield f"  {', '.join(names)}: {conflict.contract}, {conflict.where}"
        yield f"    expected: {conflict.expected}"
        yield f"    found:    {conflict.found}"
    for proof in found.failures:
        yield from indented(f"{proof.module} ({proof.flavor}, {proof.place}): {proof.failure}")
    if found.saved:
        module = next(one.module for one in found.outcomes if one.patch)
        yield f"  saved in {found.saved}: yolopatch apply --repo {found.pin.name} --module {module}{_source(found)}"


def _source(found: Port) -> str:
    """Return what `apply` needs to find a release that nobody else can give."""
    kind, _, path = found.origin.partition(" ")
    return f" --source {path}" if kind == "folder" else ""


def _row(found: Port, outcome: Outcome, places: list[str]) -> tuple[str, ...]:
    return outcome.module, outcome.flavor, outcome.status, *(_proof(found, outcome, place) for place in places)


def _proof(found: Port, outcome: Outcome, where: str) -> str:
    """Return in a word what the model with this module in these places did."""
    proof = next(
        (
            one
            for one in found.proofs or ()
            if (one.module, one.flavor, one.place) == (outcome.module, outcome.flavor, where)
        ),
        None,
    )
    if proof is None:
        return "-"
    return "fails" if proof.failure else f"builds, {proof.parameters:,} parameters"


def _conflicts(found: Port) -> dict[Conflict, list[str]]:
    """Return each conflict with the modules that it stands against."""
    told: dict[Conflict, list[str]] = {}
    for outcome in found.outcomes:
        for conflict in outcome.conflicts:
            names = told.setdefault(conflict, [])
            if outcome.module not in names:
                names.append(outcome.module)
    return told
