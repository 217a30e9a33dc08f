"""HWD, Haar wavelet down-sampling.

Xu, Liao, Zhang, Li, He, Wu: "Haar Wavelet Downsampling: A Simple but Effective Downsampling Module for Semantic
Segmentation", Pattern Recognition 143, 2023, doi 10.1016/j.patcog.2023.109819.
"""

import torch
import torch.nn as nn
import torch.nn.functional as F

# Ridge of the fit to a convolution, as a part of the features' mean energy.
_HWD_RIDGE = 1e-4

# What each band takes of the upper left, upper right, lower left and lower right of four pixels: the mean of both
# directions, the difference of columns, of rows, of both. The rows are orthonormal: nothing is lost.
_HWD_BANDS = ((1, 1, 1, 1), (1, -1, 1, -1), (1, 1, -1, -1), (1, -1, -1, 1))


def _hwd_check_geometry(layer, conv, x):
    """Raise ValueError where `conv` is not of the geometry of the layer that stands for it, or `x` not its input."""
    expected = {
        "in_channels": layer.conv.in_channels // 4,
        "out_channels": layer.conv.out_channels,
        "stride": (2, 2),
        "padding": tuple(k // 2 for k in conv.kernel_size),
        "dilation": (1, 1),
        "groups": 1,
        "padding_mode": "zeros",
    }
    for name, value in expected.items():
        if getattr(conv, name) != value:
            raise ValueError(
                f"HWD: init_from needs a convolution of the same geometry, expected {name}={value!r}, "
                f"found {getattr(conv, name)!r}"
            )
    if x.dim() != 4 or x.shape[1] != conv.in_channels or not x.numel() or not torch.isfinite(x).all():
        raise ValueError(f"HWD: init_from needs a finite x of [N, {conv.in_channels}, H, W], found {list(x.shape)}")


class HWD(nn.Module):
    """Haar wavelet down-sampling (HWD, Pattern Recognition 2023, doi 10.1016/j.patcog.2023.109819).

    The Haar transform makes four bands of half the size of each channel, A (both directions low), H, V and D (the
    details), without a loss: with the pixels a b / c d of a 2x2 square, A = (a + b + c + d) / 2, H = (a - b + c - d) /
    2, V = (a + b - c - d) / 2, D = (a - b - c + d) / 2. A 1x1 convolution makes c2 channels of the 4 c1, followed by
    BatchNorm and ReLU, as the paper has it: a whole layer, in the place of a convolution of stride 2 or a pooling.
    Odd sizes are filled up with one zero row or column.

    Shapes: input [N, c1, H, W]; output [N, c2, ceil(H / 2), ceil(W / 2)]; `conv.weight` [c2, 4 c1, 1, 1], band after
    band, and the state of `bn` [c2]. After `fold()` there are only `conv.weight` [c2, c1, 2, 2] and `conv.bias` [c2].
    """

    def __init__(self, c1, c2):
        super().__init__()
        self.conv = nn.Conv2d(4 * c1, c2, 1, bias=False)
        self.bn = nn.BatchNorm2d(c2)
        self.act = nn.ReLU()

    def forward(self, x):
        # filled up always, and what is not needed is not read: a test for odd sizes would be fixed in a trace
        filled = F.pad(x, (0, 1, 0, 1))
        if isinstance(self.bn, nn.Identity):
            return self.act(self.conv(filled))
        return self.act(self.bn(self.conv(self._bands(x, filled))))

    def _bands(self, x, filled):
        """The Haar transform, [N, 4 c1, ceil(H / 2), ceil(W / 2)]."""
        a, c = x[:, :, ::2, ::2], filled[:, :, 1::2, : x.shape[3] : 2]
        b, d = filled[:, :, : x.shape[2] : 2, 1::2], filled[:, :, 1::2, 1::2]
        upper, lower, upper_detail, lower_detail = a + b, c + d, a - b, c - d
        bands = (upper + lower, upper_detail + lower_detail, upper - lower, upper_detail - lower_detail)
        return torch.cat(bands, 1) / 2

    @torch.no_grad()
    def init_from(self, conv, x):
        """Approximate the `nn.Conv2d` of stride 2 that this layer stands for on `x`, by least squares.

        `x` is a batch [N, c1, H, W] of what the layer is given. What is fitted is the output before the activation; the
        norm has the statistics of `x` and gives the mean of the target. A kernel that sees more than the 2x2 square
        cannot be met exactly.
        Raises ValueError when `conv` has another geometry, or `x` another shape or values that are not finite.
        """
        _hwd_check_geometry(self, conv, x)
        features, target = self._bands(x, F.pad(x, (0, 1, 0, 1))), conv(x)
        rows = features.transpose(0, 1).flatten(1).double()
        rows = rows - rows.mean(1, keepdim=True)
        gram = rows @ rows.T
        gram.diagonal().add_(_HWD_RIDGE * gram.diagonal().mean() + torch.finfo(gram.dtype).tiny)
        fitted = torch.linalg.solve(gram, rows @ target.transpose(0, 1).flatten(1).double().T).T
        self.conv.weight.copy_(fitted.view_as(self.conv.weight))
        out = self.conv(features)
        self.bn.running_mean.copy_(out.mean((0, 2, 3)))
        self.bn.running_var.copy_(out.var((0, 2, 3), unbiased=False))
        self.bn.weight.copy_(torch.sqrt(self.bn.running_var + self.bn.eps))
        self.bn.bias.copy_(target.mean((0, 2, 3)))

    @torch.no_grad()
    def fold(self):
        """Become one 2x2 convolution of stride 2 in place, in eval mode the same function. Again, nothing changes."""
        if isinstance(self.bn, nn.Identity):
            return
        training = self.training
        fused = nn.utils.fuse_conv_bn_eval(self.conv.eval(), self.bn.eval())
        bands = torch.tensor(_HWD_BANDS).to(fused.weight).view(4, 2, 2) / 2
        static = nn.Conv2d(fused.in_channels // 4, fused.out_channels, 2, 2).to(fused.weight)
        static.weight.copy_(torch.einsum("obi,bhw->oihw", fused.weight.view(len(fused.weight), 4, -1), bands))
        static.bias.copy_(fused.bias)
        self.conv, self.bn = static, nn.Identity()
        self.requires_grad_(False).train(training)
