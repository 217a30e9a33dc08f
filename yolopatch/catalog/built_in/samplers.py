"""Modules that double the size of a map."""

from __future__ import annotations

from yolopatch.catalog.built_in.papers import of_paper
from yolopatch.catalog.kinds import UP

SAMPLERS = (
    of_paper(
        name="CARAFE",
        kind=UP,
        paper="Wang et al.: CARAFE: Content-Aware ReAssembly of FEatures (ICCV 2019), arXiv 1905.02188",
        call="CARAFE(c1)",
    ),
    of_paper(
        name="DySample",
        kind=UP,
        paper="Liu, Lu, Fu, Cao: Learning to Upsample by Learning to Sample (ICCV 2023), arXiv 2308.15085",
        call="DySample(c1)",
    ),
)
