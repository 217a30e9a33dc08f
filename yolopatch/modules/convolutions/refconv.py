"""RefConv, the re-parameterized refocusing convolution.

Cai, Ding, Shen, Zhang: "RefConv: Re-parameterized Refocusing Convolution for Powerful ConvNets", arXiv
2310.10563. A frozen base kernel W_b is transformed by a small trainable convolution over the kernel itself,
W_t = W_b + map(W_b); after training the map folds away and an ordinary convolution with W_t is left.
"""

import math

import torch
import torch.nn as nn
import torch.nn.functional as F


class _RefConvBase(nn.Module):
    """The refocused convolution itself; the flavors differ in their initial values and in what they refuse."""

    def __init__(self, in_channels, out_channels, kernel_size, stride, padding, groups, map_k):
        super().__init__()
        self.in_channels = in_channels
        self.out_channels = out_channels
        self.kernel_size = kernel_size
        self.stride = stride
        self.padding = kernel_size // 2 if padding is None else padding
        self.groups = groups
        self.num_2d_kernels = out_channels * in_channels // groups
        self.register_buffer("weight", torch.zeros(out_channels, in_channels // groups, kernel_size, kernel_size))
        # The kernel is seen as one image with a channel per 2-D kernel slice. Only slices that share an input
        # channel position within its group exchange information, hence the number of groups.
        self.convmap = nn.Conv2d(
            self.num_2d_kernels,
            self.num_2d_kernels,
            map_k,
            padding=map_k // 2,
            groups=in_channels * out_channels // groups**2,
            bias=False,
        )
        self.bias = None

    def kernel(self):
        """The refocused kernel W_b + map(W_b), [out_channels, in_channels / groups, k, k]."""
        base = self.weight
        if self.convmap is None:
            return base
        image = base.reshape(1, self.num_2d_kernels, self.kernel_size, self.kernel_size)
        return base + self.convmap(image).reshape(base.shape)

    def forward(self, x):
        return F.conv2d(x, self.kernel(), self.bias, self.stride, self.padding, 1, self.groups)

    @torch.no_grad()
    def init_from(self, conv, x):
        """Start as the `nn.Conv2d` that this layer stands for: the base kernel is its kernel, and the map is zero.

        The layer then computes what `conv` does, but for a bias, which it cannot hold. This is the paper's start:
        a pretrained base kernel. `x`, a batch [N, in_channels, H, W] of what the layer is given, is not needed.
        Raises ValueError when `conv` has another geometry.
        """
        self._check_geometry(conv)
        self.weight.copy_(conv.weight)
        self.convmap.weight.zero_()

    def _check_geometry(self, conv):
        expected = {
            "in_channels": self.in_channels,
            "out_channels": self.out_channels,
            "kernel_size": (self.kernel_size, self.kernel_size),
            "stride": (self.stride, self.stride),
            "padding": (self.padding, self.padding),
            "dilation": (1, 1),
            "groups": self.groups,
            "padding_mode": "zeros",
        }
        for name, value in expected.items():
            if getattr(conv, name) != value:
                raise ValueError(
                    f"RefConv: init_from needs a convolution of the same geometry, expected {name}={value!r}, "
                    f"found {getattr(conv, name)!r}"
                )

    @torch.no_grad()
    def fold(self):
        """Become a static convolution in place: `weight` is the refocused kernel, `convmap` is None.

        As in a plain convolution `weight` is then a parameter. Folding what is folded changes nothing.
        """
        if self.convmap is None:
            return
        kernel = self.kernel()
        self.convmap = None
        del self.weight
        self.weight = nn.Parameter(kernel, requires_grad=False)

    @torch.no_grad()
    def folded(self, scale, shift):
        """Return the static `nn.Conv2d` that computes `scale * self(x) + shift` (1-D, per output channel)."""
        conv = nn.Conv2d(
            self.in_channels,
            self.out_channels,
            self.kernel_size,
            self.stride,
            self.padding,
            groups=self.groups,
        )
        conv.weight = nn.Parameter(self.kernel() * scale.view(-1, 1, 1, 1), requires_grad=False)
        conv.bias = nn.Parameter(shift.to(conv.weight, copy=True), requires_grad=False)
        return conv.train(self.training)


class PaperRefConv(_RefConvBase):
    """Re-parameterized refocusing convolution (RefConv, arXiv 2310.10563).

    Flavor `paper` (this one): the base kernel is a live buffer with the usual convolution initialisation (to
    be overwritten by a pretrained kernel where there is one) and the map starts at zero, so that the layer
    starts as exactly its base convolution and the map has a gradient from the first step. As in the paper the
    base kernel is never trained.
    Flavor `tutorial`: the base kernel is zeros, so the layer always outputs zero and never learns.
    The state dict has the same names and shapes in both flavors.

    Shapes: input [N, in_channels, H, W]; output [N, out_channels, H', W'] as `nn.Conv2d` gives;
    buffer `weight` [out_channels, in_channels / groups, k, k];
    parameter `convmap.weight` [out_channels * in_channels / groups, groups, map_k, map_k].

    Args: kernel_size, map_k: odd map_k <= kernel_size; padding: None means kernel_size // 2.
    Raises ValueError when groups does not divide both channel counts, or map_k is even or exceeds
    kernel_size.
    """

    def __init__(self, in_channels, out_channels, kernel_size, stride, padding=None, groups=1, map_k=3):
        if in_channels % groups or out_channels % groups:
            raise ValueError(
                f"RefConv: groups must divide in_channels and out_channels, "
                f"found groups={groups}, in_channels={in_channels}, out_channels={out_channels}"
            )
        if map_k > kernel_size or map_k % 2 == 0:
            raise ValueError(f"RefConv: map_k must be odd and at most kernel_size={kernel_size}, found map_k={map_k}")
        super().__init__(in_channels, out_channels, kernel_size, stride, padding, groups, map_k)
        nn.init.kaiming_uniform_(self.weight, a=math.sqrt(5))
        nn.init.zeros_(self.convmap.weight)


class TutorialRefConv(_RefConvBase):
    """Re-parameterized refocusing convolution (RefConv, arXiv 2310.10563), as the tutorial prints it.

    Flavor `tutorial` (this one): the base kernel is a buffer of zeros and the refocusing map of zero is zero,
    so the layer outputs zero for every image, and neither the map nor anything before the layer gets a
    gradient, unless a kernel is loaded into `weight`.
    Flavor `paper`: the base kernel is live and the map starts at zero.
    The state dict has the same names and shapes in both flavors.

    Shapes: input [N, in_channels, H, W]; output [N, out_channels, H', W'] as `nn.Conv2d` gives;
    buffer `weight` [out_channels, in_channels / groups, k, k];
    parameter `convmap.weight` [out_channels * in_channels / groups, groups, map_k, map_k].

    Checkpoints that were made with the tutorial's own class load into this one, and the other way round.

    Raises AssertionError when map_k exceeds kernel_size; ValueError (from `nn.Conv2d`) for groups that do not
    fit.
    """

    def __init__(self, in_channels, out_channels, kernel_size, stride, padding=None, groups=1, map_k=3):
        assert map_k <= kernel_size
        super().__init__(in_channels, out_channels, kernel_size, stride, padding, groups, map_k)
        self.origin_kernel_shape = tuple(self.weight.shape)  # the tutorial's forward reads it

    def __setstate__(self, state):
        super().__setstate__(state)
        # the tutorial's own class does not keep them
        self.out_channels = self.weight.shape[0]
        self.in_channels = self.weight.shape[1] * self.groups


class Hswish(nn.Module):
    """x * relu6(x + 3) / 6, element by element. The tutorial prints it beside RefConv; no layer uses it."""

    def __init__(self, inplace=True):
        super().__init__()
        self.inplace = inplace

    def forward(self, x):
        return x * F.relu6(x + 3.0, self.inplace) / 6.0


class Hsigmoid(nn.Module):
    """relu6(x + 3) / 6, element by element. The tutorial prints it beside RefConv for SEModule."""

    def __init__(self, inplace=True):
        super().__init__()
        self.inplace = inplace

    def forward(self, x):
        return F.relu6(x + 3.0, self.inplace) / 6.0


class SEModule(nn.Module):
    """Squeeze and excitation (arXiv 1709.01507): scales the channels of [N, channel, H, W] by gates of their means.

    The tutorial prints it beside RefConv; no layer uses it.
    """

    def __init__(self, channel, reduction=4):
        super().__init__()
        hidden = channel // reduction
        self.avg_pool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Sequential(
            nn.Linear(channel, hidden, bias=False),
            nn.ReLU(inplace=True),
            nn.Linear(hidden, channel, bias=False),
            Hsigmoid(),
        )

    def forward(self, x):
        gates = self.fc(self.avg_pool(x).flatten(1))
        return x * gates[:, :, None, None]


class Identity(nn.Module):
    """Returns what it is given. The tutorial prints it beside RefConv; no layer uses it."""

    def __init__(self, channel):
        super().__init__()

    def forward(self, x):
        return x


def Tutorialconv_bn(inp, oup, stride, conv_layer=nn.Conv2d, norm_layer=nn.BatchNorm2d, nlin_layer=nn.ReLU):
    """A 3x3 RefConv, a norm and an activation. As the tutorial prints it, `conv_layer` is not used."""
    return nn.Sequential(TutorialRefConv(inp, oup, 3, stride), norm_layer(oup), nlin_layer(inplace=True))


def conv_1x1_bn(inp, oup, conv_layer=nn.Conv2d, norm_layer=nn.BatchNorm2d, nlin_layer=nn.ReLU):
    """A 1x1 convolution, a norm and an activation, as the tutorial prints it beside RefConv."""
    return nn.Sequential(conv_layer(inp, oup, 1, 1, 0, bias=False), norm_layer(oup), nlin_layer(inplace=True))


def make_divisible(x, divisible_by=8):
    """Round x up to a multiple of `divisible_by`. The tutorial prints it beside RefConv; no layer uses it."""
    return int(math.ceil(x / divisible_by) * divisible_by)
