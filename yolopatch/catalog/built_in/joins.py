"""Modules that join several maps into one."""

from __future__ import annotations

from yolopatch.catalog.built_in.papers import of_paper
from yolopatch.catalog.kinds import JOIN

JOINS = (
    of_paper(
        name="BiFPN",
        kind=JOIN,
        paper="Tan, Pang, Le: EfficientDet: Scalable and Efficient Object Detection (CVPR 2020), arXiv 1911.09070",
        call="BiFPN(inputs, c2)",
        outputs="max(inputs)",
    ),
    of_paper(
        name="ASFF",
        kind=JOIN,
        paper="Liu, Huang, Wang: Learning Spatial Fusion for Single-Shot Object Detection, arXiv 1911.09516",
        call="ASFF(inputs, c2)",
        outputs="max(inputs)",
    ),
)
