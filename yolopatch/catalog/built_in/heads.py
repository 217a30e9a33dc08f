"""Modules in the place of a head, or before it."""

from __future__ import annotations

from yolopatch.catalog.built_in.papers import of_paper
from yolopatch.catalog.kinds import HEAD

HEADS = (
    of_paper(
        name="DyHead",
        helpers=("DyHeadBlock",),
        kind=HEAD,
        stem="Detect",
        paper="Dai et al.: Dynamic Head: Unifying Object Detection Heads with Attentions (CVPR 2021), arXiv 2106.08322",
        # one width for all maps, as in the paper; that of the largest map keeps the cost low
        call="DyHead(inputs, min(inputs))",
        outputs="[min(inputs)] * count",
    ),
)
