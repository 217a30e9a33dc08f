"""Modules that double the size of a map."""

from __future__ import annotations

from yolopatch.catalog.kinds import UP
from yolopatch.catalog.module import Module

SAMPLERS = (
    Module(
        name="CARAFE",
        source="carafe",
        bare="CARAFE",
        conv="Conv_CARAFE",
        kind=UP,
        paper="Wang et al.: CARAFE: Content-Aware ReAssembly of FEatures (ICCV 2019), arXiv 1905.02188",
        tutorial=None,
        call="CARAFE(c1)",
    ),
    Module(
        name="DySample",
        source="dysample",
        bare="DySample",
        conv="Conv_DySample",
        kind=UP,
        paper="Liu, Lu, Fu, Cao: Learning to Upsample by Learning to Sample (ICCV 2023), arXiv 2308.15085",
        tutorial=None,
        call="DySample(c1)",
    ),
)
