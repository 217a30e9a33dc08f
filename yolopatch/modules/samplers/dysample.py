"""DySample, up-sampling by learned sampling points.

Liu, Lu, Fu, Cao: "Learning to Upsample by Learning to Sample", ICCV 2023, arXiv 2308.15085. Each value of the larger
map is a bilinear sample of the smaller one, at a point that the map itself moves away from the regular grid.
"""

import torch
import torch.nn as nn
import torch.nn.functional as F


class DySample(nn.Module):
    """Dynamic up-sampling by point sampling (DySample, ICCV 2023, arXiv 2308.15085).

    `X' = grid_sample(X, G + O)` (section 3): G is the grid of bilinear up-sampling, O the offsets, in pixels of
    the input, by which each group of channels moves its points. In style 'lp' a 1x1 convolution of the input gives the
    offsets of all scale^2 points of a pixel, and they are shuffled to the output's size; in style 'pl' the input is
    shuffled first, so that the convolution is smaller. The static scope multiplies the offsets by 0.25, the dynamic
    one by `0.5 * sigmoid(scope(X))`. DySample of the paper is 'lp' and static, DySample+ dynamic,
    DySample-S is 'pl'.

    Shapes: input [N, in_channels, H, W]; output [N, in_channels, scale * H, scale * W]; `offset.weight` and, with a
    dynamic scope, `scope.weight` [2 * groups * scale^2, in_channels, 1, 1] in style 'lp', and
    [2 * groups, in_channels / scale^2, 1, 1] in style 'pl'; their biases. The state dict of the authors' code fits,
    without its `init_pos`.

    Points and weights of the bilinear samples are computed in float32 in half precision: a coordinate of float16 or
    bfloat16 can be off by a pixel.
    Raises ValueError for another style, and for channels that `groups`, or scale^2 in style 'pl', do not divide.
    """

    def __init__(self, in_channels, scale=2, style="lp", groups=4, dyscope=False):
        super().__init__()
        if style not in ("lp", "pl"):
            raise ValueError(f"DySample: style must be 'lp' or 'pl', found {style!r}")
        if in_channels % groups:
            raise ValueError(f"DySample: groups must divide the channels, found {groups} and {in_channels}")
        if style == "pl" and in_channels % scale**2:
            raise ValueError(
                f"DySample: the channels must be a multiple of {scale**2} in style 'pl', found {in_channels}"
            )
        self.scale, self.style, self.groups, self.dyscope = scale, style, groups, dyscope
        width, points = (in_channels // scale**2, 1) if style == "pl" else (in_channels, scale**2)
        self.offset = nn.Conv2d(width, 2 * groups * points, 1)
        nn.init.normal_(self.offset.weight, std=0.001)
        nn.init.zeros_(self.offset.bias)
        if dyscope:
            self.scope = nn.Conv2d(width, 2 * groups * points, 1)
            nn.init.zeros_(self.scope.weight)
            nn.init.zeros_(self.scope.bias)

    def offsets(self, x):
        """The offsets of the points [N, 2 * groups, scale * H, scale * W], in pixels of the input: x, then y."""
        if self.style == "pl":
            x = F.pixel_shuffle(x, self.scale)
        offset = self.offset(x)
        offset = offset * (self.scope(x).sigmoid() * 0.5) if self.dyscope else offset * 0.25
        return offset if self.style == "pl" else F.pixel_shuffle(offset, self.scale)

    def forward(self, x):
        wide = torch.promote_types(x.dtype, torch.float32)
        count, channels, height, width = x.shape
        rows, columns = height * self.scale, width * self.scale
        offset = self.offsets(x).to(wide).view(count, 2, self.groups, rows, columns)
        # Where bilinear up-sampling samples, from -1 to 1 between the map's edges; one pixel is 2 / width there.
        across = (torch.arange(columns, device=x.device, dtype=wide) * 2 + 1) / columns - 1
        down = (torch.arange(rows, device=x.device, dtype=wide) * 2 + 1) / rows - 1
        points = torch.stack((offset[:, 0] * 2 / width + across, offset[:, 1] * 2 / height + down.unsqueeze(1)), -1)
        groups = x.to(wide).reshape(count * self.groups, channels // self.groups, height, width)
        sampled = _dysample_sampled(groups, points.flatten(0, 1))
        return sampled.reshape(count, channels, rows, columns).to(x.dtype)


def _dysample_sampled(x, points):
    """`grid_sample` of a map [N, C, H, W] at points [N, h, w, 2], bilinear with the border's pixels outside.

    ONNX has it from opset 16 on, and yolov5 exports opset 12: an export gets the four pixels around each point.
    """
    if not torch.onnx.is_in_onnx_export():
        return F.grid_sample(x, points, "bilinear", "border", align_corners=False)
    height, width = x.shape[-2:]
    columns = (((points[..., 0] + 1) * width - 1) / 2).clamp(0, width - 1)
    rows = (((points[..., 1] + 1) * height - 1) / 2).clamp(0, height - 1)
    left, top = columns.floor(), rows.floor()
    found = 0
    for row, near_row in ((top, 1 - (rows - top)), (top + 1, rows - top)):
        for column, near_column in ((left, 1 - (columns - left)), (left + 1, columns - left)):
            index = (row.clamp(0, height - 1) * width + column.clamp(0, width - 1)).long().flatten(1)
            values = x.flatten(2).gather(2, index.unsqueeze(1).expand(-1, x.shape[1], -1))
            found = found + values.reshape(*x.shape[:2], *row.shape[1:]) * (near_row * near_column).unsqueeze(1)
    return found
