"""Modules in the place of a head, or before it."""

from __future__ import annotations

from yolopatch.catalog.kinds import HEAD
from yolopatch.catalog.module import Module

HEADS = (
    Module(
        name="DyHead",
        source="dyhead",
        bare="DyHead",
        conv="Conv_DyHead",
        helpers=("DyHeadBlock",),
        kind=HEAD,
        stem="Detect",
        paper="Dai et al.: Dynamic Head: Unifying Object Detection Heads with Attentions (CVPR 2021), arXiv 2106.08322",
        tutorial=None,
        # one width for all maps, as in the paper; that of the largest map keeps the cost low
        call="DyHead(inputs, min(inputs))",
        outputs="[min(inputs)] * count",
    ),
)
