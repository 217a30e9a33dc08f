"""The page of a reproduction: what it is, its differences from the post, and the expected figures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import PurePosixPath

from jinja2.sandbox import SandboxedEnvironment

from yolopatch.catalog.environment.fix_patches import FIX_PATCHES, FixPatch, options_of
from yolopatch.catalog.module import TUTORIAL_FLAVOR
from yolopatch.catalog.reproduce.figures import BASE, recorded
from yolopatch.catalog.reproduce.recipes import Recipe, departures
from yolopatch.core.reproduce.reproduction import WORKSPACE, Figures, Record

_TEMPLATE = "reproduce/REPRODUCE.md.j2"
_PURPOSES = {
    TUTORIAL_FLAVOR: "What the blog post's code does, defects included, so that its results can be had again.",
    "paper": "The module as its paper describes it, in the place that the blog post gives it.",
}


def page_text(recipe: Recipe, record: Record, source: str, unfit: str, env: SandboxedEnvironment) -> str:
    """Return the page's text.

    Args:
        recipe: of the tutorial.
        record: of the folder, with the sums of its files.
        source: where the upstream came from.
        unfit: why nothing was measured; "" if it was measured.
        env: finds the template.
    """
    cfg, script = f"{WORKSPACE}/{recipe.cfg}", f"{WORKSPACE}/{recipe.script}"
    other = "paper" if record.flavor == TUTORIAL_FLAVOR else TUTORIAL_FLAVOR
    return env.get_template(_TEMPLATE).render(
        tutorial=record.tutorial,
        flavor=record.flavor,
        purpose=_PURPOSES[record.flavor],
        title=recipe.title,
        document=recipe.document,
        pin=record.pin,
        source=source,
        commit=record.commit,
        fix_patches=[(patch.title, _state(patch, record)) for patch in FIX_PATCHES],
        workspace=WORKSPACE,
        cfg=cfg,
        cfg_sha=record.files[cfg],
        script=script,
        script_name=PurePosixPath(script).name,
        script_sha=record.files[script],
        version=record.yolopatch,
        options=_options(recipe, record),
        departures=departures(recipe, record.flavor, fixed(record)),
        nc=80,
        scale=recipe.scale,
        rows=rows(record),
        trusted=_trusted(record),
        other=other,
        other_options=_options(recipe, replace(record, flavor=TUTORIAL_FLAVOR)),
        other_purpose=_PURPOSES[other],
        unfit=unfit,
        **_verified(record),
    )


def _options(recipe: Recipe, record: Record) -> str:
    flavor = "" if record.flavor == TUTORIAL_FLAVOR else f" --flavor {record.flavor}"
    repo = "" if record.pin == recipe.tutorial.pin else f" --repo {record.pin}"
    return "".join([flavor, repo, *(f" {option}" for option in options_of(record.fix_patches))])


def fixed(record: Record) -> tuple[FixPatch, ...]:
    """Return the fix patches that the workspace has: those asked for that the pin needs."""
    return tuple(patch for patch in record.fix_patches if patch.fixes.get(record.pin))


def _state(patch: FixPatch, record: Record) -> str:
    if patch in fixed(record):
        return f"applied: {patch.effect}"
    return f"not needed: {patch.needless}" if patch in record.fix_patches else "not applied"


def rows(record: Record) -> list[list[str]]:
    """Return the table of figures: a row for each scale."""
    expected, base = expected_figures(record.tutorial, record.flavor), expected_figures(record.tutorial, BASE)
    measured = record.measured.figures if record.measured else {}
    return [
        [
            scale,
            f"{one.layers}",
            f"{one.parameters:,}",
            f"{base[scale].parameters:,}",
            *([_beside(measured[scale].parameters, one.parameters)] if measured else []),
            f"{one.gflops_upstream}",
            f"{one.gflops_true:.1f}",
            f"{base[scale].gflops_true:.1f}",
        ]
        for scale, one in expected.items()
    ]


def expected_figures(tutorial: str, flavor: str) -> dict[str, Figures]:
    """Return the figures that maintainers measured, by scale."""
    return {scale: Figures(*one) for scale, one in recorded(tutorial, flavor).items()}


def _beside(found: int, expected: int) -> str:
    return "the same" if found == expected else f"{found:,}"


def _trusted(record: Record) -> str:
    if record.measured:
        return " Expected figures were recorded by yolopatch's maintainers, and measured again here."
    return " These figures were recorded by yolopatch's maintainers."


def _verified(record: Record) -> Mapping[str, object]:
    if record.measured is None:
        return {"measured": False}
    verified, run = record.measured.verify, record.measured.environment
    checks = verified["checks"]
    return {
        "measured": True,
        "verdict": verified["verdict"],
        "checks": checks,
        "passed": sum(check["status"] == "pass" for check in checks),
        "run": run,
        "seconds": run["seconds"],
    }
