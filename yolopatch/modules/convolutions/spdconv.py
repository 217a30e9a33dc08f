"""SPD-Conv, space to depth and a convolution without a stride.

Sunkara, Luo: "No More Strided Convolutions or Pooling: A New CNN Building Block for Low-Resolution Images and Small
Objects", ECML PKDD 2022, arXiv 2208.03641.
"""

import torch
import torch.nn as nn
import torch.nn.functional as F


def _spdconv_check_geometry(layer, conv):
    """Raise ValueError where `conv` is not of the geometry of the layer that stands for it."""
    k = layer.conv.kernel_size
    expected = {
        "in_channels": layer.conv.in_channels // 4,
        "out_channels": layer.conv.out_channels,
        "kernel_size": k,
        "stride": (2, 2),
        "padding": (k[0] // 2, k[1] // 2),
        "dilation": (1, 1),
        "groups": 1,
        "padding_mode": "zeros",
    }
    for name, value in expected.items():
        if getattr(conv, name) != value:
            raise ValueError(
                f"SPDConv: init_from needs a convolution of the same geometry, expected {name}={value!r}, "
                f"found {getattr(conv, name)!r}"
            )


class SPDConv(nn.Module):
    """Space to depth with a scale of 2, then a convolution of stride 1 (SPD-Conv, ECML PKDD 2022, arXiv 2208.03641).

    The map is cut into f_xy = X[x::2, y::2] for x, y in {0, 1}, each of half the size; f_00, f_10, f_01, f_11 are put
    behind each other as 4 c1 channels (equation 1 of the paper), and a k x k convolution of stride 1 makes c2 of them.
    No value is skipped. Odd sizes are filled up with one zero row or column, so that the output is as large as that
    of a convolution of stride 2. Bare: no norm, no activation, no bias.

    Shapes: input [N, c1, H, W]; output [N, c2, ceil(H / 2), ceil(W / 2)]; `conv.weight` [c2, 4 c1, k, k].
    `conv.bias` is there only on a folded copy.

    Args: k: odd, the kernel of the convolution behind the cut; it sees as much as a kernel of 2 k.
    Raises ValueError for an even k.
    """

    def __init__(self, c1, c2, k=3):
        super().__init__()
        if k % 2 == 0:
            raise ValueError(f"SPDConv: k must be odd, because half of it is the padding, found {k}")
        self.conv = nn.Conv2d(4 * c1, c2, k, 1, k // 2, bias=False)

    def forward(self, x):
        return self.conv(self._cut(x))

    def _cut(self, x):
        """Space to depth, [N, 4 c1, ceil(H / 2), ceil(W / 2)]."""
        # filled up always, and what is not needed is not read: a test for odd sizes would be fixed in a trace
        filled = F.pad(x, (0, 1, 0, 1))
        parts = (
            x[:, :, ::2, ::2],
            filled[:, :, 1::2, : x.shape[3] : 2],
            filled[:, :, : x.shape[2] : 2, 1::2],
            filled[:, :, 1::2, 1::2],
        )
        return torch.cat(parts, 1)

    @torch.no_grad()
    def init_from(self, conv, x):
        """Start as the `nn.Conv2d` of stride 2 that this layer stands for, exactly.

        Each of its taps sees one of the four parts, at the same or the place before. A bias is left out. `x`, a batch
        [N, c1, H, W] of what the layer is given, is not needed.
        Raises ValueError when `conv` has another geometry.
        """
        _spdconv_check_geometry(self, conv)
        c1, half = conv.in_channels, conv.padding[0]
        self.conv.weight.zero_()
        for row in range(conv.kernel_size[0]):
            for column in range(conv.kernel_size[1]):
                (y, odd_y), (x_, odd_x) = divmod(row - half, 2), divmod(column - half, 2)
                part = odd_y + 2 * odd_x
                self.conv.weight[:, part * c1 : (part + 1) * c1, half + y, half + x_] = conv.weight[:, :, row, column]

    @torch.no_grad()
    def folded(self, scale, shift):
        """Return a fixed copy that computes `scale * self(x) + shift` (1-D, per output channel)."""
        conv = self.conv
        twin = SPDConv(conv.in_channels // 4, conv.out_channels, conv.kernel_size[0]).to(conv.weight)
        twin.conv.weight.copy_(conv.weight * scale.view(-1, 1, 1, 1))
        before = 0 if conv.bias is None else conv.bias * scale
        twin.conv.bias = nn.Parameter((before + shift).to(conv.weight))
        return twin.requires_grad_(False).train(self.training)
