"""Losses of boxes, each from its paper: they take the place of the overlap in upstream's box loss."""

from __future__ import annotations

from yolopatch.catalog.built_in.papers import of_paper
from yolopatch.catalog.kinds import LOSS
from yolopatch.catalog.module import Module

_WISE = "Tong, Chen, Xu, Yu: Wise-IoU: Bounding Box Regression Loss with Dynamic Focusing Mechanism, arXiv 2301.10051"


def _loss(name: str, source: str, paper: str, call: str, passed: str = "", assigns: bool = False) -> Module:
    return of_paper(name, LOSS, paper, call, source=source, conv="", passed=passed, assigns=assigns)


LOSSES = (
    _loss("WIoU", "wiou", f"{_WISE}, version 3", "WIoU(version=3, alpha=1.9, delta=3.0, updates=7000)"),
    _loss("WIoUv1", "wiou", f"{_WISE}, version 1", "WIoUv1()"),
    _loss("WIoUv2", "wiou", f"{_WISE}, version 2", "WIoUv2(gamma=0.5, updates=7000)"),
    _loss(
        "InnerIoU",
        "inner_iou",
        "Zhang, Xu, Zhang: Inner-IoU: More Effective Intersection over Union Loss with Auxiliary Bounding Box, "
        "arXiv 2311.02877",
        "InnerIoU(ratio=0.7, base='CIoU')",
        assigns=True,
    ),
    _loss(
        "MPDIoU",
        "mpdiou",
        "Ma, Xu: MPDIoU: A Loss for Efficient and Accurate Bounding Box Regression, arXiv 2307.07662",
        "MPDIoU()",
        passed="width, height",
    ),
    _loss(
        "SIoU",
        "siou",
        "Gevorgyan: SIoU Loss: More Powerful Learning for Bounding Box Regression, arXiv 2205.12740",
        "SIoU(theta=4.0)",
        assigns=True,
    ),
    _loss(
        "NWD",
        "nwd",
        "Wang, Xu, Yang, Yu: A Normalized Gaussian Wasserstein Distance for Tiny Object Detection, arXiv 2110.13389",
        "NWD(C=12.8)",
        assigns=True,
    ),
)
