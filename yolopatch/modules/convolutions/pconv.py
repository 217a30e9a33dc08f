"""PConv, the partial convolution of FasterNet.

Chen, Kao, He, Zhuo, Wen, Lee, Chan: "Run, Don't Walk: Chasing Higher FLOPS for Faster Neural Networks", CVPR 2023,
arXiv 2303.03667, section 3. A k x k convolution of a quarter of the channels, and a pointwise convolution of all.
"""

import torch
import torch.nn as nn

# Ridge of the fit to a convolution, as a part of the features' mean energy.
_PCONV_RIDGE = 1e-4


def _pconv_check_geometry(layer, conv, x):
    """Raise ValueError where `conv` is not of the geometry of the layer that stands for it, or `x` not its input."""
    k = layer.partial.kernel_size
    expected = {
        "in_channels": layer.pointwise.in_channels,
        "out_channels": layer.pointwise.out_channels,
        "kernel_size": k,
        "stride": (1, 1),
        "padding": (k[0] // 2, k[1] // 2),
        "dilation": (1, 1),
        "groups": 1,
        "padding_mode": "zeros",
    }
    for name, value in expected.items():
        if getattr(conv, name) != value:
            raise ValueError(
                f"PConv: init_from needs a convolution of the same geometry, expected {name}={value!r}, "
                f"found {getattr(conv, name)!r}"
            )
    if x.dim() != 4 or x.shape[1] != conv.in_channels or not x.numel() or not torch.isfinite(x).all():
        raise ValueError(f"PConv: init_from needs a finite x of [N, {conv.in_channels}, H, W], found {list(x.shape)}")


def _pconv_least_squares(features, target, prior):
    """The coefficients [outputs, F] that make target [N, outputs, H, W] of features [N, F, H, W], drawn to a prior."""
    rows = features.transpose(0, 1).flatten(1).double()
    gram = rows @ rows.T
    gram.diagonal().add_(_PCONV_RIDGE * gram.diagonal().mean() + torch.finfo(gram.dtype).tiny)
    error = target.transpose(0, 1).flatten(1).double() - prior.double() @ rows
    return prior + torch.linalg.solve(gram, rows @ error.T).T


class PConv(nn.Module):
    """Partial convolution, followed by a pointwise convolution (FasterNet, CVPR 2023, arXiv 2303.03667).

    The first c_p = c1 / n_div channels pass a k x k convolution K, the others pass unchanged; a pointwise convolution
    P then mixes all of them: y = P * [K * x_1..c_p, x_c_p+1..c1]. The paper's PConv keeps the number of channels; it
    is always followed by a pointwise convolution (section 3.3), which together look like a T-shaped convolution, and
    only together they can stand for a convolution of c1 to c2 channels. Bare: no norm, no activation, no bias.

    Shapes: input [N, c1, H, W]; output [N, c2, H, W]; `partial.weight` [c_p, c_p, k, k], `pointwise.weight`
    [c2, c1, 1, 1]. `pointwise.bias` is there only on a folded copy.

    Args: k: odd; n_div: the paper's 4, a partial ratio r of 1/4.
    The stride is always 1: the channels that pass unchanged keep their size.
    Raises ValueError for an even k and where n_div leaves no channel.
    """

    def __init__(self, c1, c2, k=3, n_div=4):
        super().__init__()
        if k % 2 == 0:
            raise ValueError(f"PConv: k must be odd, because half of it is the padding, found {k}")
        if not 1 <= c1 // n_div <= c1:
            raise ValueError(f"PConv: n_div must leave a channel to the convolution, found n_div={n_div} of c1={c1}")
        self.width = c1 // n_div
        self.n_div = n_div
        self.partial = nn.Conv2d(self.width, self.width, k, 1, k // 2, bias=False)
        self.pointwise = nn.Conv2d(c1, c2, 1, bias=False)

    def forward(self, x):
        return self.pointwise(self._mixed(x))

    def _mixed(self, x):
        """The paper's PConv alone, [N, c1, H, W]."""
        return torch.cat((self.partial(x[:, : self.width]), x[:, self.width :]), 1)

    @torch.no_grad()
    def init_from(self, conv, x):
        """Approximate the `nn.Conv2d` that this layer stands for on `x`, a batch [N, c1, H, W] of its inputs.

        The partial kernels are the c_p that hold most of the kernels of `conv` on these channels, by a singular value
        decomposition; the pointwise weights are then fitted by least squares. A bias is left out.
        Raises ValueError when `conv` has another geometry, or `x` another shape or values that are not finite.
        """
        _pconv_check_geometry(self, conv, x)
        weight, k = conv.weight.detach(), self.partial.kernel_size
        left, sizes, right = torch.linalg.svd(weight[:, : self.width].flatten(1), full_matrices=False)
        rank = min(self.width, len(sizes))
        nn.init.dirac_(self.partial.weight)  # what the convolution has too few outputs for
        self.partial.weight[:rank] = right[:rank].view(rank, self.width, *k)
        prior = weight[:, :, k[0] // 2, k[1] // 2].clone()
        prior[:, : self.width] = 0
        prior[:, :rank] = left[:, :rank] * sizes[:rank]
        fitted = _pconv_least_squares(self._mixed(x), conv(x), prior)
        self.pointwise.weight.copy_(fitted.view_as(self.pointwise.weight))

    @torch.no_grad()
    def folded(self, scale, shift):
        """Return a fixed copy that computes `scale * self(x) + shift` (1-D, per output channel)."""
        pointwise = self.pointwise
        k = self.partial.kernel_size[0]
        twin = PConv(pointwise.in_channels, pointwise.out_channels, k, self.n_div).to(pointwise.weight)
        twin.partial.weight.copy_(self.partial.weight)
        twin.pointwise.weight.copy_(pointwise.weight * scale.view(-1, 1, 1, 1))
        before = 0 if pointwise.bias is None else pointwise.bias * scale
        twin.pointwise.bias = nn.Parameter((before + shift).to(pointwise.weight))
        return twin.requires_grad_(False).train(self.training)
