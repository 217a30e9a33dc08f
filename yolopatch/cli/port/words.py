"""The result lines of `port`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from yolopatch.catalog.modules import flavor_word
from yolopatch.cli.layout import indented, pairs, table
from yolopatch.core.port.porting import CONFLICT
from yolopatch.core.port.proof import BEHIND, IN_BLOCKS, IN_LAYERS, PROOF_PLACES

if TYPE_CHECKING:
    from yolopatch.core.port.contract import Conflict
    from yolopatch.core.port.porting import Outcome
    from yolopatch.core.port.proof import Proof
    from yolopatch.steps.port.port import Port

_HEADS = {IN_LAYERS: "layers", IN_BLOCKS: "blocks", BEHIND: "after"}


def port(found: Port) -> Iterator[str]:
    """Yield the release, a line for each module and flavor, the conflicts, and the next command."""
    yield f"{click.style(found.pin.name, bold=True)}: {_verdict(found)}"
    yield from pairs([("from", found.origin), ("family", f"{found.pin.model}, patches like {found.pin.like}")])
    proofs = {(proof.module, proof.flavor, proof.place): proof for proof in found.proofs or ()}
    places = [place for place in PROOF_PLACES if any(where == place for _, _, where in proofs)]
    header = ("module", "flavor", "status", *(_HEADS[place] for place in places))
    rows = [
        (
            one.module,
            _flavor(one),
            one.status,
            *(_proof(proofs.get((one.module, one.flavor, where))) for where in places),
        )
        for one in found.outcomes
    ]
    yield from table(header, rows, left=len(header))
    for conflict, names in _conflicts(found).items():
        yield f"  {', '.join(names)}: {conflict.contract}, {conflict.where}"
        yield f"    expected: {conflict.expected}"
        yield f"    found:    {conflict.found}"
    for proof in found.failures:
        yield from indented(f"{proof.module} ({_flavor(proof)}, {proof.place}): {proof.failure}")
    if found.saved:
        module = next(one.module for one in found.outcomes if one.patch)
        yield f"  saved in {found.saved}: yolopatch apply --repo {found.pin.name} --module {module}{_source(found)}"


def _flavor(one: Outcome | Proof) -> str:
    """Return the word for a flavor; the stamp has none."""
    return one.flavor and flavor_word(one.module, one.flavor)


def _verdict(found: Port) -> str:
    if found.holds:
        return click.style("ok", fg="green", bold=True)
    failed = {proof.module for proof in found.failures}
    modules = dict.fromkeys(one.module for one in found.outcomes)
    wrong = [m for m in modules if m in failed or any(o.module == m and o.status == CONFLICT for o in found.outcomes)]
    return click.style("conflict", fg="red", bold=True) + f" in {len(wrong)} of {len(modules)}: {', '.join(wrong)}"


def _source(found: Port) -> str:
    """Return the `--source` option that `apply` needs for a release from a folder."""
    kind, _, path = found.origin.partition(" ")
    return f" --source {path}" if kind == "folder" else ""


def _proof(proof: Proof | None) -> str:
    """Return whether a model with the module in this placement builds."""
    if proof is None:
        return "-"
    return "fails" if proof.failure else f"builds, {proof.parameters:,} parameters"


def _conflicts(found: Port) -> dict[Conflict, list[str]]:
    """Return each conflict with the modules that have it."""
    modules: dict[Conflict, list[str]] = {}
    for outcome in found.outcomes:
        for conflict in outcome.conflicts:
            names = modules.setdefault(conflict, [])
            if outcome.module not in names:
                names.append(outcome.module)
    return modules
