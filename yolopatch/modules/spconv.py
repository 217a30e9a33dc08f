"""SPConv, the split based convolution.

Zhang, Jiang, Lu, Han, Zeng, Gao, Men: "Split to Be Slim: An Overlooked Redundancy in Vanilla Convolution",
IJCAI 2020, arXiv 2006.12085. A part of the channels is representative and gets the 3x3 convolution; the rest,
which mostly repeats it, gets a 1x1; both results are fused by parameter-free attention over their pooled
descriptors.
"""

import torch
import torch.nn as nn


def _spconv_bn_affine(bn, like):
    """The per-channel scale and shift that a BatchNorm applies in eval mode; 1 and 0 for an Identity."""
    if isinstance(bn, nn.Identity):
        return torch.ones_like(like), torch.zeros_like(like)
    scale = bn.weight / torch.sqrt(bn.running_var + bn.eps)
    return scale, bn.bias - bn.running_mean * scale


def _spconv_folded_conv(conv, scale, shift):
    """A convolution that computes `scale * conv(x) + shift`; a shift of None adds nothing."""
    twin = nn.Conv2d(
        conv.in_channels,
        conv.out_channels,
        conv.kernel_size,
        conv.stride,
        conv.padding,
        groups=conv.groups,
        bias=shift is not None,
    )
    twin.weight = nn.Parameter(conv.weight * scale.view(-1, 1, 1, 1))
    if shift is not None:
        twin.bias = nn.Parameter(shift if conv.bias is None else conv.bias * scale + shift)
    return twin


class SPConv_3x3(nn.Module):
    """Split based 3x3 convolution (SPConv, IJCAI 2020, arXiv 2006.12085).

    The first `ratio` of the input channels, the representative part, passes a 3x3 convolution of two groups
    plus a 1x1 convolution that links the groups; the other channels pass a 1x1 convolution. Each branch has
    its BatchNorm. A softmax over the two branches' global-average-pooled descriptors weighs them, channel by
    channel, and their weighted sum is the output. At stride 2 the 1x1 convolutions see a 2x2 average pool; it
    rounds odd sizes up, as the 3x3 convolution does.

    The class is the same in flavors `paper` and `tutorial`, and so is its state dict (the tutorial prints the
    constructor and leaves the forward to the paper). What the flavors place differs: `tutorial` this bare
    class, `paper` this class followed by BatchNorm and activation, which the replaced layer had too.

    Shapes: input [N, inplanes, H, W]; output [N, outplanes, ceil(H / stride), ceil(W / stride)]; with R =
    int(inplanes * ratio): `gwc.weight` [outplanes, R / 2, 3, 3], `pwc.weight` [outplanes, R, 1, 1],
    `conv1x1.weight` [outplanes, inplanes - R, 1, 1], `conv1x1.bias`, and the states of `bn1`, `bn2`
    [outplanes].
    `scale` and `shift` [outplanes] are buffers only on a folded copy.

    In training `conv1x1.bias` has a zero gradient by design: the BatchNorm behind it removes it.
    Raises ValueError for a stride other than 1 or 2, when R is not even or leaves a part without channels,
    and when outplanes is odd.
    """

    def __init__(self, inplanes, outplanes, stride=1, ratio=0.5):
        super().__init__()
        self.inplanes_3x3 = int(inplanes * ratio)
        self.inplanes_1x1 = inplanes - self.inplanes_3x3
        self.outplanes = outplanes
        self.stride = stride
        self.ratio = ratio
        self._check()
        self.gwc = nn.Conv2d(self.inplanes_3x3, outplanes, 3, stride, 1, groups=2, bias=False)
        self.pwc = nn.Conv2d(self.inplanes_3x3, outplanes, 1, bias=False)
        self.conv1x1 = nn.Conv2d(self.inplanes_1x1, outplanes, 1)
        self.avgpool_s2_1 = nn.AvgPool2d(2, 2, ceil_mode=True, count_include_pad=False)
        self.avgpool_s2_3 = nn.AvgPool2d(2, 2, ceil_mode=True, count_include_pad=False)
        self.avgpool_add_1 = nn.AdaptiveAvgPool2d(1)
        self.avgpool_add_3 = nn.AdaptiveAvgPool2d(1)
        self.bn1 = nn.BatchNorm2d(outplanes)
        self.bn2 = nn.BatchNorm2d(outplanes)
        self.register_buffer("scale", None)
        self.register_buffer("shift", None)

    def _check(self):
        if self.stride not in (1, 2):
            raise ValueError(f"SPConv_3x3: stride must be 1 or 2, found {self.stride!r}")
        if self.inplanes_3x3 < 2 or self.inplanes_3x3 % 2 or self.inplanes_1x1 < 1:
            raise ValueError(
                "SPConv_3x3: the representative part int(inplanes * ratio) must be an even number of channels, "
                f"at least 2, and leave one, found {self.inplanes_3x3} of "
                f"inplanes={self.inplanes_3x3 + self.inplanes_1x1} at ratio={self.ratio}"
            )
        if self.outplanes < 2 or self.outplanes % 2:
            raise ValueError(f"SPConv_3x3: outplanes must be even for the two groups, found {self.outplanes}")

    def forward(self, x):
        representative, rest = x[:, : self.inplanes_3x3], x[:, self.inplanes_3x3 :]
        spatial = self.gwc(representative)
        if self.stride == 2:
            representative, rest = self.avgpool_s2_3(representative), self.avgpool_s2_1(rest)
        out_3x3 = self.bn1(spatial + self.pwc(representative))
        out_1x1 = self.bn2(self.conv1x1(rest))
        gates = self._gates(out_3x3, out_1x1)
        out = out_3x3 * gates[:, 0] + out_1x1 * gates[:, 1]
        return out if self.shift is None else out + self.shift.view(1, -1, 1, 1).to(out.dtype)

    def _gates(self, out_3x3, out_1x1):
        """The branches' weights [N, 2, outplanes, 1, 1]; times `scale` on a folded copy."""
        descriptors = torch.stack((self.avgpool_add_3(out_3x3), self.avgpool_add_1(out_1x1)), dim=1)
        gates = torch.softmax(descriptors, dim=1)
        if self.scale is not None:
            gates = gates * self.scale.view(1, 1, -1, 1, 1)
        # Autocast computes a softmax in float32; back to the maps' own type, lest it widen them.
        return gates.to(out_3x3.dtype)

    @torch.no_grad()
    def folded(self, scale, shift):
        """Return a copy that computes `scale * self(x) + shift` in eval mode (1-D, per output channel).

        The inner BatchNorms go into the convolutions. The outer scale cannot: the descriptors must stay those
        of the unscaled branches, so it multiplies the gates, and the shift is added last.
        """
        inplanes = self.inplanes_3x3 + self.inplanes_1x1
        twin = SPConv_3x3(inplanes, self.outplanes, self.stride, self.ratio)
        scale_3x3, shift_3x3 = _spconv_bn_affine(self.bn1, self.conv1x1.bias)
        scale_1x1, shift_1x1 = _spconv_bn_affine(self.bn2, self.conv1x1.bias)
        twin.gwc = _spconv_folded_conv(self.gwc, scale_3x3, None)
        twin.pwc = _spconv_folded_conv(self.pwc, scale_3x3, shift_3x3)
        twin.conv1x1 = _spconv_folded_conv(self.conv1x1, scale_1x1, shift_1x1)
        twin.bn1, twin.bn2 = nn.Identity(), nn.Identity()
        twin.scale = (scale if self.scale is None else scale * self.scale).to(self.gwc.weight, copy=True)
        twin.shift = (shift if self.shift is None else scale * self.shift + shift).to(twin.scale, copy=True)
        return twin.requires_grad_(False).train(self.training)
