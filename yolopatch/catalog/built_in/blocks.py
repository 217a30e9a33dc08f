"""The blocks, which take the place of C3k2, C2f and C3."""

from __future__ import annotations

from yolopatch.catalog.built_in.papers import of_paper
from yolopatch.catalog.kinds import BLOCK
from yolopatch.catalog.module import Module


def _block(name: str, source: str, paper: str, values: str = "c1, c2, n") -> Module:
    return of_paper(name, BLOCK, paper, f"{name}({values})", source=source)


BLOCKS = (
    _block(
        "FasterNetBlock",
        "fasternet",
        "Chen et al.: Run, Don't Walk: Chasing Higher FLOPS for Faster Neural Networks (CVPR 2023), arXiv 2303.03667",
    ),
    # without repeats of its own: it is stacked
    _block(
        "MDCR",
        "mdcr",
        "Xu et al.: HCF-Net: Hierarchical Context Fusion Network for Infrared Small Object Detection (ICME 2024), "
        "arXiv 2403.10778",
        values="c1, c2",
    ),
    _block(
        "RCSOSA",
        "rcsosa",
        "Kang et al.: RCS-YOLO: A Fast and High-Accuracy Object Detector for Brain Tumor Detection (MICCAI 2023), "
        "arXiv 2307.16412",
    ),
    _block("StarBlock", "starblock", "Ma et al.: Rewrite the Stars (CVPR 2024), arXiv 2403.19967"),
    _block(
        "VoVGSCSP",
        "vovgscsp",
        "Li et al.: Slim-neck by GSConv: A Lightweight-Design for Real-Time Detector Architectures, arXiv 2206.02424",
    ),
)
