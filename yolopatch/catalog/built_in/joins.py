"""Modules that join several maps into one."""

from __future__ import annotations

from yolopatch.catalog.kinds import JOIN
from yolopatch.catalog.module import Module

JOINS = (
    Module(
        name="BiFPN",
        source="bifpn",
        bare="BiFPN",
        conv="Conv_BiFPN",
        kind=JOIN,
        paper="Tan, Pang, Le: EfficientDet: Scalable and Efficient Object Detection (CVPR 2020), arXiv 1911.09070",
        tutorial=None,
        call="BiFPN(inputs, c2)",
        outputs="max(inputs)",
    ),
    Module(
        name="ASFF",
        source="asff",
        bare="ASFF",
        conv="Conv_ASFF",
        kind=JOIN,
        paper="Liu, Huang, Wang: Learning Spatial Fusion for Single-Shot Object Detection, arXiv 1911.09516",
        tutorial=None,
        call="ASFF(inputs, c2)",
        outputs="max(inputs)",
    ),
)
