"""The convolutions and the layers in a convolution's place that no tutorial describes."""

from __future__ import annotations

from yolopatch.catalog.built_in.papers import of_paper
from yolopatch.catalog.kinds import CONVOLUTION, DOWN, LAYER
from yolopatch.catalog.module import HALF_PADDING

_HALVES = ("s == 2", "stride 2")
_KEEPS_SIZE = ("s == 1", "stride 1")
_ODD = ("k % 2 == 1", "an odd kernel")
_PADDED = (HALF_PADDING, "padding of half its kernel")
_STRAIGHT = (("g == 1", "groups 1"), ("d == 1", "dilation 1"))
# a kernel of one pixel leaves nothing to what they are about
_WIDE = (3, 5, 7)

CONVOLUTIONS = (
    of_paper(
        name="AKConv",
        paper="Zhang et al.: AKConv: Convolutional Kernel with Arbitrary Sampled Shapes and Arbitrary Number of "
        "Parameters, arXiv 2311.11587",
        call="AKConv(c1, c2, 5, s, act)",
        requires=(_PADDED, *_STRAIGHT),
        kernels=_WIDE,
        tail="5, {s}",
        kind=LAYER,
    ),
    of_paper(
        name="GSConv",
        paper="Li et al.: Slim-neck by GSConv: A Lightweight-Design for Real-Time Detector Architectures, "
        "arXiv 2206.02424",
        call="GSConv(c1, c2, k, s, act)",
        requires=(_PADDED, *_STRAIGHT),
        tail="{k}, {s}",
        kind=LAYER,
    ),
    of_paper(
        name="HWD",
        paper="Xu et al.: Haar Wavelet Downsampling: A Simple but Effective Downsampling Module for Semantic "
        "Segmentation (Pattern Recognition 2023), doi 10.1016/j.patcog.2023.109819",
        call="HWD(c1, c2)",
        requires=(_HALVES, _PADDED, *_STRAIGHT),
        strides=(2,),
        kind=DOWN,
    ),
    of_paper(
        name="PConv",
        kind=CONVOLUTION,
        paper="Chen et al.: Run, Don't Walk: Chasing Higher FLOPS for Faster Neural Networks (CVPR 2023), "
        "arXiv 2303.03667",
        call="PConv(c1, c2, k)",
        requires=(_KEEPS_SIZE, _ODD, _PADDED, *_STRAIGHT),
        kernels=_WIDE,
        # a quarter of them is convolved
        least_inputs=4,
        tail="{k}",
        strides=(1,),
    ),
    of_paper(
        name="RFAConv",
        kind=CONVOLUTION,
        paper="Zhang et al.: RFAConv: Innovating Spatial Attention and Standard Convolutional Operation, "
        "arXiv 2304.03198",
        call="RFAConv(c1, c2, k, s)",
        requires=(_PADDED, *_STRAIGHT),
        kernels=_WIDE,
        tail="{k}, {s}",
    ),
    of_paper(
        name="SPDConv",
        kind=CONVOLUTION,
        paper="Sunkara, Luo: No More Strided Convolutions or Pooling: A New CNN Building Block for Low-Resolution "
        "Images and Small Objects (ECML PKDD 2022), arXiv 2208.03641",
        call="SPDConv(c1, c2, k)",
        requires=(_HALVES, _ODD, _PADDED, *_STRAIGHT),
        kernels=_WIDE,
        tail="{k}",
        strides=(2,),
    ),
)
