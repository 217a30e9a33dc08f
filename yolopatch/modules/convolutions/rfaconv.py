"""RFAConv, the receptive-field attention convolution.

Zhang, Liu, Yang, Song, Ye, Li, Song: "RFAConv: Innovating Spatial Attention and Standard Convolutional Operation",
2023, arXiv 2304.03198.
"""

import torch
import torch.nn as nn

# How far below the lowest value of a batch the rectifier is put when the layer starts from a convolution, as a part of
# that value: activations have a lowest value, which other images reach, but do not pass by much.
_RFACONV_MARGIN = 0.5


def _rfaconv_check_geometry(layer, conv, x):
    """Raise ValueError where `conv` is not of the geometry of the layer that stands for it, or `x` not its input."""
    k = layer.generate.kernel_size
    expected = {
        "in_channels": layer.generate.in_channels,
        "out_channels": layer.conv.out_channels,
        "kernel_size": k,
        "stride": layer.generate.stride,
        "padding": layer.generate.padding,
        "dilation": (1, 1),
        "groups": 1,
        "padding_mode": "zeros",
    }
    for name, value in expected.items():
        if getattr(conv, name) != value:
            raise ValueError(
                f"RFAConv: init_from needs a convolution of the same geometry, expected {name}={value!r}, "
                f"found {getattr(conv, name)!r}"
            )
    if x.dim() != 4 or x.shape[1] != conv.in_channels or not x.numel() or not torch.isfinite(x).all():
        raise ValueError(f"RFAConv: init_from needs a finite x of [N, {conv.in_channels}, H, W], found {list(x.shape)}")


class RFAConv(nn.Module):
    """Convolution whose kernel is weighted at every place (RFAConv, arXiv 2304.03198).

    Every place of the output has its own receptive field of k x k features, F_rf, and its own weights for them, A_rf:
    F = A_rf * F_rf = Softmax(g_1x1(AvgPool(X))) * ReLU(Norm(g_kxk(X))) (equation 4 of the paper), where g are
    convolutions with one group for each channel that make k^2 channels of one, and the softmax is over these k^2. The
    features are laid out k x k for each place, and a convolution with kernel k and stride k reads each field once.
    Here that is the same convolution as a 1x1 over c1 k^2 channels, without the layout in memory. Bare, apart from the
    norm in F_rf: no norm and no activation behind it.

    Shapes: input [N, c1, H, W]; output [N, c2, H', W'] as `nn.Conv2d` with a padding of k // 2 gives; `weigh.weight`
    [c1 k^2, 1, 1, 1], `generate.weight` [c1 k^2, 1, k, k], the state of `norm` [c1 k^2], `conv.weight`
    [c2, c1 k^2, 1, 1], whose second dimension is [c1, k, k], `conv.bias` [c2].
    """

    def __init__(self, c1, c2, k=3, s=1):
        super().__init__()
        self.k = k
        self.pool = nn.AvgPool2d(k, s, k // 2)
        self.weigh = nn.Conv2d(c1, c1 * k * k, 1, groups=c1, bias=False)
        self.generate = nn.Conv2d(c1, c1 * k * k, k, s, k // 2, groups=c1, bias=False)
        self.norm = nn.BatchNorm2d(c1 * k * k)
        self.act = nn.ReLU()
        self.conv = nn.Conv2d(c1 * k * k, c2, 1)

    def forward(self, x):
        features = self.act(self.norm(self.generate(x)))
        logits = self.weigh(self.pool(x))
        weights = logits.reshape(*x.shape[:2], self.k * self.k, *logits.shape[2:]).softmax(2).flatten(1, 2)
        # Autocast computes a softmax in float32; back to the maps' own type, lest it widen them.
        return self.conv(features * weights.to(features.dtype))

    @torch.no_grad()
    def init_from(self, conv, x):
        """Start as the `nn.Conv2d` that this layer stands for.

        The weights are even, and the features are the k x k values themselves, each raised above the rectifier by a
        constant of its channel, which the bias takes back. This is exact on `x`, a batch [N, c1, H, W] of what the
        layer is given, and on whatever is not lower than its lowest value and half of it.
        Raises ValueError when `conv` has another geometry, or `x` another shape or values that are not finite.
        """
        _rfaconv_check_geometry(self, conv, x)
        taps = self.k * self.k
        self.weigh.weight.zero_()
        one_tap = torch.eye(taps).to(self.generate.weight).view(taps, 1, self.k, self.k)
        self.generate.weight.copy_(one_tap.repeat(conv.in_channels, 1, 1, 1))
        raised = (-x.amin((0, 2, 3))).clamp(min=0) * (1 + _RFACONV_MARGIN)
        self._load_norm(self.generate(x), raised.repeat_interleave(taps))
        self.conv.weight.copy_((conv.weight * taps).view_as(self.conv.weight))
        bias = -torch.einsum("oihw,i->o", conv.weight, raised)
        self.conv.bias.copy_(bias if conv.bias is None else conv.bias + bias)

    def _load_norm(self, out, raised):
        """Let the norm add `raised` to what has the statistics of `out`."""
        norm = self.norm
        norm.running_mean.copy_(out.mean((0, 2, 3)))
        norm.running_var.copy_(out.var((0, 2, 3), unbiased=False))
        norm.weight.copy_(torch.sqrt(norm.running_var + norm.eps))
        norm.bias.copy_(norm.running_mean + raised)

    @torch.no_grad()
    def fold(self):
        """Become static in place: the norm goes into the convolution before it. Again, nothing changes."""
        if isinstance(self.norm, nn.BatchNorm2d):
            training = self.training
            self.generate = nn.utils.fuse_conv_bn_eval(self.generate.eval(), self.norm.eval())
            self.norm = nn.Identity()
            self.requires_grad_(False).train(training)

    @torch.no_grad()
    def folded(self, scale, shift):
        """Return a fixed copy that computes `scale * self(x) + shift` in eval mode (1-D, per output channel)."""
        twin = RFAConv(self.generate.in_channels, self.conv.out_channels, self.k, self.generate.stride)
        twin.to(self.conv.weight)
        if isinstance(self.norm, nn.Identity):
            twin.fold()
        else:
            twin.norm.eps = self.norm.eps  # upstream changes it
        twin.load_state_dict(self.state_dict())
        twin.conv.weight.mul_(scale.view(-1, 1, 1, 1))
        twin.conv.bias.mul_(scale).add_(shift)
        twin.eval().fold()
        return twin.requires_grad_(False).train(self.training)
