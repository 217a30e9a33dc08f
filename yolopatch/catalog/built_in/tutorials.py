"""The modules of the tutorials: convolutions, in both flavors."""

from __future__ import annotations

from yolopatch.catalog.module import Module, Place, Tutorial

_STRAIGHT = (("d == 1", "dilation 1"),)
_THREE_BY_THREE = (
    ("k == 3", "a 3×3 kernel"),
    ("p == 1", "padding 1"),
    ("g == 1", "groups 1"),
    ("d == 1", "dilation 1"),
)

TUTORIALS = (
    Module(
        name="DSConv",
        source="dsconv",
        bare="DSConv",
        conv="DSConv2D",
        paper="Gennari, Fawcett, Prisacariu: DSConv: Efficient Convolution Operator (ICCV 2019), arXiv 1901.01928",
        tutorial=Tutorial(
            "yolo11-c3k2-dsconv",
            "ultralytics-8.3.0",
            "yolo11",
            "all-blocks",
            # the post names the file and what is in the `__init__.py`; the folder is the usual one of such forks
            Place("ultralytics/nn/extra_modules/DSConv.py", exported=True, has_blocks=True),
        ),
        call="DSConv(c1, c2, k, s, p, d, g)",
        tail="{k}, {s}",
    ),
    Module(
        name="Dynamic_conv2d",
        source="dynamic_conv2d",
        bare="Dynamic_conv2d",
        conv="Conv_Dynamic_conv2d",
        helpers=("attention2d",),
        paper="Chen et al.: Dynamic Convolution: Attention over Convolution Kernels (CVPR 2020), arXiv 1912.03458",
        tutorial=Tutorial("yolov5-dynamic", "yolov5-6.1", "yolov5", "head-1x1"),
        call="Dynamic_conv2d(c1, c2, k, stride=s, padding=p, dilation=d, groups=g)",
        # (kernel_size, ratio, stride, padding): the class has no `[c, k, s]` form
        tail="{k}, 0.25, {s}, {p}",
        # what the post prints as [512, 1, 1]: its last value is the ratio, not the stride
        printed_tail="{k}, {s}",
        printed_kernel=1,
    ),
    Module(
        name="DynamicConv",
        source="dynamicconv",
        bare="DynamicConv",
        conv="Conv_DynamicConv",
        helpers=("CondConv2d",),
        paper="Han et al.: ParameterNet: Parameters Are All You Need (CVPR 2024), arXiv 2306.14525",
        tutorial=Tutorial("yolo26-dynamicconv", "ultralytics-8.4.0", "yolo26", "backbone-down"),
        call="DynamicConv(c1, c2, k, s, p, d, g)",
        tail="{k}, {s}",
    ),
    Module(
        name="RefConv",
        source="refconv",
        bare="RefConv",
        conv="Conv_RefConv",
        paper="Cai et al.: RefConv: Re-parameterized Refocusing Convolution for Powerful ConvNets, arXiv 2310.10563",
        tutorial=Tutorial(
            "yolo26-refconv",
            "ultralytics-8.4.0",
            "yolo26",
            "backbone-down",
            Place(
                "ultralytics/nn/conv/RefConv.py",
                extras=("conv_bn", "conv_1x1_bn", "Hswish", "Hsigmoid", "SEModule", "Identity", "make_divisible"),
            ),
        ),
        call="RefConv(c1, c2, k, s, p, g)",
        tail="{k}, {s}",
        requires=(("k >= 3", "a kernel of at least 3×3, the size of its refocusing map"), *_STRAIGHT),
        kernels=(3, 5, 6, 7),
    ),
    Module(
        name="SPConv",
        source="spconv",
        bare="SPConv_3x3",
        conv="Conv_SPConv",
        paper="Zhang et al.: Split to Be Slim: An Overlooked Redundancy in Vanilla Convolution (IJCAI 2020), "
        "arXiv 2006.12085",
        tutorial=Tutorial("yolov8-spconv", "ultralytics-8.2.50", "yolov8", "backbone-down"),
        call="SPConv_3x3(c1, c2, s)",
        requires=_THREE_BY_THREE,
        kernels=(3,),
        # half of them are split into two groups of a grouped convolution
        least_inputs=4,
        # the class has no kernel argument: its third is the stride
        tail="{s}",
    ),
)
