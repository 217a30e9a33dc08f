"""The attention modules, which are inserted after a layer and keep its channels."""

from __future__ import annotations

from yolopatch.catalog.built_in.papers import of_paper
from yolopatch.catalog.kinds import ATTENTION as KIND
from yolopatch.catalog.module import Module


def _attention(name: str, paper: str, values: str = "c1") -> Module:
    return of_paper(name, KIND, paper, f"{name}({values})")


ATTENTION = (
    _attention(
        "CoordAtt",
        "Hou, Zhou, Feng: Coordinate Attention for Efficient Mobile Network Design (CVPR 2021), arXiv 2103.02907",
    ),
    _attention(
        "EMA",
        "Ouyang et al.: Efficient Multi-Scale Attention Module with Cross-Spatial Learning (ICASSP 2023), "
        "arXiv 2305.13563",
    ),
    _attention(
        "GAM",
        "Liu, Shao, Hoffmann: Global Attention Mechanism: Retain Information to Enhance Channel-Spatial Interactions, "
        "arXiv 2112.05561",
    ),
    _attention(
        "SENetV2",
        "Narayanan: SENetV2: Aggregated Dense Layer for Channelwise and Global Representations, arXiv 2311.10807",
    ),
    _attention(
        "SimAM",
        "Yang et al.: SimAM: A Simple, Parameter-Free Attention Module for Convolutional Neural Networks (ICML 2021)",
        values="",
    ),
)
