"""DyHead, the blocks of the dynamic head.

Dai, Chen, Xiao, Chen, Liu, Yuan, Zhang: "Dynamic Head: Unifying Object Detection Heads with Attentions", CVPR 2021,
arXiv 2106.08322. Attention over the levels, over the positions and over the channels of a pyramid, one after another:
`W(F) = pi_C(pi_S(pi_L(F) F) F) F` (equation 2).
"""

import math

import torch
import torch.nn as nn
import torch.nn.functional as F


class DyHead(nn.Module):
    """Blocks of the dynamic head (DyHead, CVPR 2021, arXiv 2106.08322): maps of a pyramid in, as many maps out.

    Each map passes a 1x1 convolution with BatchNorm where its width is not `width`; then `blocks` blocks follow, each a
    `DyHeadBlock`. A head that detects is put behind it.

    Shapes: input a list of [N, inputs[i], Hi, Wi], the finest map first; output a list of [N, width, Hi, Wi].

    Args: inputs: the channels of the maps; width: of all maps in the blocks; blocks: how many, 6 in the paper.
    Raises ValueError for fewer than two maps, fewer than one block, and a width below 4.
    """

    def __init__(self, inputs, width, blocks=1):
        super().__init__()
        if len(inputs) < 2:
            raise ValueError(f"DyHead: it attends over the levels of a pyramid, found {len(inputs)} map")
        if blocks < 1:
            raise ValueError(f"DyHead: at least one block is needed, found {blocks}")
        self.align = nn.ModuleList(
            nn.Identity()
            if one == width
            else nn.Sequential(nn.Conv2d(one, width, 1, bias=False), nn.BatchNorm2d(width))
            for one in inputs
        )
        self.blocks = nn.ModuleList(DyHeadBlock(width) for _ in range(blocks))

    def forward(self, x):
        x = [align(one) for align, one in zip(self.align, x)]
        for block in self.blocks:
            x = block(x)
        return x


class DyHeadBlock(nn.Module):
    """One block of the dynamic head: scale-aware, spatial-aware and task-aware attention.

    - Scale (equation 3): a map is multiplied by `max(0, min(1, (f + 1) / 2))`, f a linear function of its mean.
    - Space (equation 4): the mean, over a level and its neighbours, of a deformable 3x3 convolution with one kernel for
      the finer, the own and the coarser level. Neighbours are resized to the level first. The level itself, the median
      of the three, gives the offsets and the mask of all of them. A GroupNorm follows each convolution, as in the
      authors' code.
    - Task (equation 5): `max(a1 F + b1, a2 F + b2)` for each channel, (a1, a2, b1, b2) = (1, 0, 0, 0) plus values from
      -1 to 1 that two linear layers compute from the means over levels and positions.

    Shapes: input and output a list of [N, width, Hi, Wi], the finest first; `scale.weight` [1, width, 1, 1];
    `points.weight` [27, width, 3, 3], of which 18 are offsets (x and y of 9 taps) and 9 the mask; `kernels.j.weight`
    [width, width, 3, 3] of the finer, own and coarser level, `norms.j` a GroupNorm; `squeeze` and `excite` linear
    layers to width // 4 and 4 * width.

    Offsets and masks are zero, and one half, at the start.
    Raises ValueError for a width below 4.
    """

    def __init__(self, width):
        super().__init__()
        if width < 4:
            raise ValueError(f"DyHeadBlock: a width of at least 4 is needed, found {width}")
        groups = math.gcd(16, width // 2) if width % 2 == 0 else 1
        self.width = width
        self.scale = nn.Conv2d(width, 1, 1)
        self.points = nn.Conv2d(width, 27, 3, padding=1)
        # only their weights are used; optimizers of yolov5 take no parameter that is called otherwise
        self.kernels = nn.ModuleList(nn.Conv2d(width, width, 3, bias=False) for _ in range(3))
        self.norms = nn.ModuleList(nn.GroupNorm(groups, width) for _ in range(3))
        self.squeeze = nn.Linear(width, width // 4)
        self.excite = nn.Linear(width // 4, 4 * width)
        self.reset_parameters()

    def reset_parameters(self):
        """Start as a plain convolution followed by a ReLU: no offset, every tap seen alike."""
        nn.init.normal_(self.scale.weight, std=0.01)
        for layer in (self.points, self.excite):
            nn.init.zeros_(layer.weight)
            nn.init.zeros_(layer.bias)
        nn.init.zeros_(self.scale.bias)
        for kernel in self.kernels:
            kernel.reset_parameters()

    def forward(self, x):
        return self._task_aware(self._spatial_aware(self._scale_aware(x)))

    def _scale_aware(self, x):
        return [one * ((self.scale(one.mean((2, 3), keepdim=True)) + 1) / 2).clamp(0, 1) for one in x]

    def _spatial_aware(self, x):
        return [self._aggregated(x, level) for level in range(len(x))]

    def _aggregated(self, x, level):
        """The mean of the convolved maps of a level and its neighbours, all of the level's size."""
        points = self.points(x[level])
        offset, mask = points[:, :18], points[:, 18:].sigmoid()
        near = range(max(level - 1, 0), min(level + 2, len(x)))
        maps = [
            self.norms[place - level + 1](
                _dyhead_deformed(
                    _dyhead_resized(x[place], x[level]), offset, mask, self.kernels[place - level + 1].weight
                )
            )
            for place in near
        ]
        return torch.stack(maps).mean(0)

    def _task_aware(self, x):
        mean = torch.stack([one.mean((2, 3)) for one in x]).mean(0)
        values = self.excite(F.relu(self.squeeze(mean))).sigmoid() * 2 - 1
        first, second, lift, other = values.view(-1, 4, self.width, 1, 1).unbind(1)
        return [torch.maximum(one * (first + 1) + lift, one * second + other).to(one.dtype) for one in x]


def _dyhead_resized(x, like):
    """A map at another map's size: bilinear, and averaged before where it is larger by a whole factor."""
    rows, columns = x.shape[-2] // like.shape[-2], x.shape[-1] // like.shape[-1]
    if rows > 1 or columns > 1:
        kernel = (max(int(rows), 1), max(int(columns), 1))
        x = F.avg_pool2d(x, kernel, kernel)
    if x.shape[-2:] == like.shape[-2:]:
        return x
    return F.interpolate(x, size=like.shape[-2:], mode="bilinear", align_corners=False)


def _dyhead_deformed(x, offset, mask, kernel):
    """The modulated deformable 3x3 convolution, stride 1, padding 1, of a map [N, C, H, W].

    Tap t of position p samples x at p + t + offset[t], bilinear with zeros outside, and counts mask[t] times. In half
    precision the points are computed and sampled in float32: a coordinate of float16 can be off by a pixel.

    Args: offset: [N, 18, H, W], x and then y of each tap, in pixels; mask: [N, 9, H, W]; kernel: [out, C, 3, 3].
    """
    wide = torch.promote_types(x.dtype, torch.float32)
    count, channels, height, width = x.shape
    offset = offset.to(wide).view(count, 9, 2, height, width)
    steps = torch.arange(3, device=x.device, dtype=wide) - 1
    across = torch.arange(width, device=x.device, dtype=wide) + steps.repeat(3).view(9, 1, 1)
    down = torch.arange(height, device=x.device, dtype=wide).unsqueeze(1) + steps.repeat_interleave(3).view(9, 1, 1)
    # from pixels to what grid_sample takes: -1 and 1 are the outer edges of the first and the last pixel
    points = torch.stack(
        (
            (offset[:, :, 0] + across) * 2 / width + (1 / width - 1),
            (offset[:, :, 1] + down) * 2 / height + (1 / height - 1),
        ),
        -1,
    )
    points = points.reshape(count, 9 * height, width, 2)
    sampled = _dyhead_sampled(x.to(wide), points).to(x.dtype)
    seen = sampled.view(count, channels, 9, height, width) * mask.unsqueeze(1)
    return F.conv2d(seen.reshape(count, channels * 9, height, width), kernel.flatten(1).unsqueeze(-1).unsqueeze(-1))


def _dyhead_sampled(x, points):
    """`grid_sample` of a map [N, C, H, W] at points [N, h, w, 2], bilinear with zeros outside: [N, C, h, w].

    ONNX has it from opset 16 on, and yolov5 exports opset 12: an export gets the four pixels around each point.
    """
    if not torch.onnx.is_in_onnx_export():
        return F.grid_sample(x, points, "bilinear", "zeros", align_corners=False)
    height, width = x.shape[-2:]
    columns, rows = ((points[..., 0] + 1) * width - 1) / 2, ((points[..., 1] + 1) * height - 1) / 2
    left, top = columns.floor(), rows.floor()
    found = 0
    for row, near_row in ((top, 1 - (rows - top)), (top + 1, rows - top)):
        for column, near_column in ((left, 1 - (columns - left)), (left + 1, columns - left)):
            place = row.clamp(0, height - 1), column.clamp(0, width - 1)
            share = near_row * near_column * ((place[0] == row) & (place[1] == column)).to(x.dtype)
            index = (place[0] * width + place[1]).long().flatten(1).unsqueeze(1).expand(-1, x.shape[1], -1)
            found = found + x.flatten(2).gather(2, index).reshape(*x.shape[:2], *row.shape[1:]) * share.unsqueeze(1)
    return found
