"""The result lines of `env create`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from yolopatch.catalog.environment.libraries import named_versions
from yolopatch.cli.layout import badge, command, pairs

if TYPE_CHECKING:
    from yolopatch.steps.environment.create import Environment


def environment(found: Environment) -> Iterator[str]:
    """Yield the environment that was created or found."""
    verdict = "created" if found.created else "an existing environment fits, nothing was created"
    yield badge(verdict, "green")
    versions = ", ".join(f"{name} {version}" for name, version in named_versions(found.packages).items())
    yield from pairs(
        [
            ("folder", found.environment),
            ("python", found.python),
            ("packages", versions),
            ("pins", ", ".join(found.pins)),
        ]
    )
    if found.activate:
        yield from pairs([("activate", command(found.activate))])
    if found.compat:
        yield f"  compat    some libraries are too new for the pin's own code; mend it: {found.compat}"
    yield from pairs([("next", command("yolopatch env run WORKSPACE -- python train.py, or: yolo detect train ..."))])
