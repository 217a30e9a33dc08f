"""DynamicConv, the dynamic convolution of ParameterNet.

Han, Wang, Guo, Wu: "ParameterNet: Parameters Are All You Need for Large-scale Visual Pretraining of Mobile
Networks", CVPR 2024, arXiv 2306.14525. Each image gets its own kernel, a mixture of M expert kernels: Y = X *
sum_i alpha_i W_i with alpha = softmax(MLP(GAP(X))). The mixing layer follows CondConv (Yang et al., NeurIPS
2019, arXiv 1904.04971).
"""

import math

import torch
import torch.nn as nn
import torch.nn.functional as F

# How far experts that start from one kernel lie apart, as a part of that kernel's root mean square in each output
# channel. Routing learns from this difference alone, and may choose any expert as soon as it does: one expert by
# itself is then still within a tenth of the kernel.
_CONDCONV_SPREAD = 0.1

# How many values of kernels a CPU mixes at once: memory beyond is given back to the system and asked for anew each
# time, which takes longer than to read the experts again for each image.
_CONDCONV_VALUES = 2**23


def _condconv_pair(value):
    return tuple(value) if isinstance(value, (tuple, list)) else (value, value)


def _condconv_padding(padding, kernel_size, stride, dilation):
    """Turn a padding argument into two ints; kernel_size, stride and dilation are pairs."""
    if not isinstance(padding, str):
        return _condconv_pair(padding)
    mode = padding.lower()
    if mode == "valid":
        return (0, 0)
    geometry = list(zip(kernel_size, stride, dilation))
    if mode == "same" and any(s != 1 or d * (k - 1) % 2 for k, s, d in geometry):
        raise ValueError(
            "CondConv2d: padding 'same' needs stride 1 and an odd kernel extent, because otherwise the padding "
            f"depends on the image, found kernel_size={kernel_size}, stride={stride}, dilation={dilation}"
        )
    if mode not in ("", "same"):
        raise ValueError(f"CondConv2d: padding must be '', 'same', 'valid', int or pair, found {padding!r}")
    return tuple((s - 1 + d * (k - 1)) // 2 for k, s, d in geometry)


class CondConv2d(nn.Module):
    """Convolution with a kernel per image, mixed from experts by given weights (CondConv, arXiv 1904.04971).

    The same in both flavors.

    Shapes: input [N, in_channels, H, W] and routing weights [N, num_experts]; output [N, out_channels, H',
    W'] as `nn.Conv2d` gives; parameters `weight` [num_experts, out_channels * in_channels / groups * k * k]
    and, with bias, `bias` [num_experts, out_channels]. `shift` [out_channels] is a buffer only on a folded
    copy.

    Args: kernel_size, stride, dilation: int or pair; padding: int, pair, '' (symmetric, half the kernel's
    extent), 'same' (stride 1 only) or 'valid' (none).
    The batch size becomes part of a traced or exported graph, because it is the number of groups.
    Raises ValueError when groups does not divide both channel counts, for num_experts below 1, and for a
    padding that is not one of the above.
    """

    def __init__(
        self,
        in_channels,
        out_channels,
        kernel_size=3,
        stride=1,
        padding="",
        dilation=1,
        groups=1,
        bias=False,
        num_experts=4,
    ):
        super().__init__()
        if in_channels % groups or out_channels % groups:
            raise ValueError(
                f"CondConv2d: groups must divide in_channels and out_channels, "
                f"found groups={groups}, in_channels={in_channels}, out_channels={out_channels}"
            )
        if num_experts < 1:
            raise ValueError(f"CondConv2d: num_experts must be at least 1, found {num_experts}")
        self.in_channels = in_channels
        self.out_channels = out_channels
        self.kernel_size = _condconv_pair(kernel_size)
        self.stride = _condconv_pair(stride)
        self.dilation = _condconv_pair(dilation)
        self.padding = _condconv_padding(padding, self.kernel_size, self.stride, self.dilation)
        self.groups = groups
        self.num_experts = num_experts
        self.fan_in = in_channels // groups * self.kernel_size[0] * self.kernel_size[1]
        self.weight = nn.Parameter(torch.empty(num_experts, out_channels * self.fan_in))
        self.bias = nn.Parameter(torch.empty(num_experts, out_channels)) if bias else None
        self.register_buffer("shift", None)
        self.reset_parameters()

    def reset_parameters(self):
        """Initialise every expert as `nn.Conv2d` initialises its kernel and bias."""
        for expert in range(self.num_experts):
            kernel = self.weight[expert].view(self.out_channels, self.fan_in)
            nn.init.kaiming_uniform_(kernel, a=math.sqrt(5))
        if self.bias is not None:
            bound = 1 / math.sqrt(self.fan_in)
            nn.init.uniform_(self.bias, -bound, bound)

    @torch.no_grad()
    def init_from(self, conv, share):
        """Start as the `nn.Conv2d` that this layer stands for, if every routing weight is `share`.

        The experts' kernels differ by noise from torch's global generator, in opposite pairs that cancel; of an odd
        number the last has none. A bias that the layer cannot hold is left out.
        Raises ValueError when `conv` has another geometry.
        """
        self._check_geometry(conv)
        part = 1 / (share * self.num_experts)
        kernel = conv.weight.detach().to(self.weight).flatten(1) * part
        experts = self.weight.view(self.num_experts, self.out_channels, self.fan_in)
        experts.copy_(kernel.expand_as(experts))
        spread = _CONDCONV_SPREAD * kernel.square().mean(1, keepdim=True).sqrt()
        for first in range(0, self.num_experts - 1, 2):
            difference = torch.randn_like(kernel) * spread
            experts[first] += difference
            experts[first + 1] -= difference
        if self.bias is not None:
            self.bias.copy_(torch.zeros_like(self.bias) if conv.bias is None else conv.bias * part)

    def _check_geometry(self, conv):
        names = ("in_channels", "out_channels", "kernel_size", "stride", "padding", "dilation", "groups")
        expected = {**{name: getattr(self, name) for name in names}, "padding_mode": "zeros"}
        for name, value in expected.items():
            if getattr(conv, name) != value:
                raise ValueError(
                    f"CondConv2d: init_from needs a convolution of the same geometry, expected {name}={value!r}, "
                    f"found {getattr(conv, name)!r}"
                )

    def forward(self, x, routing_weights):
        by_image = not torch.jit.is_tracing() and len(x) > 1 and x.device.type == "cpu"
        if by_image and len(x) * self.weight.shape[1] > _CONDCONV_VALUES:
            return torch.cat([self(*parts) for parts in zip(x.split(1), routing_weights.split(1))])
        kernels = torch.matmul(routing_weights, self.weight)
        kernels = kernels.reshape(-1, self.in_channels // self.groups, *self.kernel_size)
        return self._convolve(x, kernels, self._mixed_bias(routing_weights))

    def _convolve(self, x, kernels, bias):
        """Apply to every image its own kernel and bias.

        Shapes: kernels [N * out_channels, in_channels / groups, k, k], bias [N, out_channels] or None.
        """
        geometry = (self.stride, self.padding, self.dilation)
        # A CPU is faster image by image, and one image needs no groups; a trace may run anywhere, with any batch.
        if not torch.jit.is_tracing() and len(x) == 1:
            return F.conv2d(x, kernels, None if bias is None else bias[0], *geometry, self.groups)
        if not torch.jit.is_tracing() and x.device.type == "cpu":
            biases = [None] * len(x) if bias is None else bias
            images = zip(x.split(1), kernels.chunk(len(x)), biases)
            return torch.cat([F.conv2d(image, kernel, b, *geometry, self.groups) for image, kernel, b in images])
        batch, channels, height, width = x.shape
        # The batch moves into the channels, so that one grouped convolution applies every image's own kernel;
        # reshape, not view, for channels_last images.
        x = x.reshape(1, batch * channels, height, width)
        bias = None if bias is None else bias.flatten()
        out = F.conv2d(x, kernels, bias, *geometry, self.groups * batch)
        return out.reshape(batch, self.out_channels, out.shape[-2], out.shape[-1])

    def _mixed_bias(self, routing_weights):
        """Each image's bias, [N, out_channels], or None."""
        bias = None if self.bias is None else torch.matmul(routing_weights, self.bias)
        if self.shift is None:
            return bias
        fixed = self.shift.expand(routing_weights.shape[0], -1)
        return fixed if bias is None else bias + fixed

    @torch.no_grad()
    def folded(self, scale, shift):
        """Return a copy that computes `scale * self(x, r) + shift` (1-D, per output channel) for any routing r.

        The shift is a term of its own, because sigmoid routing weights do not sum to one.
        """
        twin = CondConv2d(
            self.in_channels,
            self.out_channels,
            self.kernel_size,
            self.stride,
            self.padding,
            self.dilation,
            self.groups,
            self.bias is not None,
            self.num_experts,
        )
        experts = self.weight.view(self.num_experts, self.out_channels, self.fan_in)
        twin.weight = nn.Parameter((experts * scale.view(1, -1, 1)).flatten(1), requires_grad=False)
        if self.bias is not None:
            twin.bias = nn.Parameter(self.bias * scale, requires_grad=False)
        before = 0 if self.shift is None else self.shift * scale
        twin.shift = (before + shift).to(self.weight, copy=True)
        return twin.train(self.training)


class _DynamicConvBase(nn.Module):
    """Routing and mixture; a flavor says how the routing is built and which gate makes it weights."""

    def __init__(
        self,
        routing,
        in_features,
        out_features,
        kernel_size,
        stride,
        padding,
        dilation,
        groups,
        bias,
        num_experts,
    ):
        super().__init__()
        self.routing = routing
        self.cond_conv = CondConv2d(
            in_features, out_features, kernel_size, stride, padding, dilation, groups, bias, num_experts
        )

    def forward(self, x):
        # means take half as long as an adaptive average pool
        return self.cond_conv(x, self.gate(self.routing(x.mean((2, 3)))))

    @torch.no_grad()
    def init_from(self, conv, x):
        """Start as the `nn.Conv2d` that this layer stands for, with experts that can learn apart.

        The routing's last layer is zero, so that every image gets the same weights; the experts are the kernel and
        differences that cancel under them (see CondConv2d.init_from). The first step gives the routing a gradient.
        `x`, a batch [N, in_features, H, W] of what the layer is given, is not needed.
        Raises ValueError when `conv` has another geometry.
        """
        last = [module for module in self.routing.modules() if isinstance(module, nn.Linear)][-1]
        share = self.gate(torch.zeros(1, self.cond_conv.num_experts, dtype=torch.float64))[0, 0].item()
        self.cond_conv.init_from(conv, share)
        last.weight.zero_()
        last.bias.zero_()

    def folded(self, scale, shift):
        """Return a fixed copy that computes `scale * self(x) + shift` (1-D, per output channel)."""
        conv = self.cond_conv
        twin = type(self)(conv.in_channels, conv.out_channels, num_experts=conv.num_experts)
        twin.routing.to(conv.weight).load_state_dict(self.routing.state_dict())
        twin.cond_conv = conv.folded(scale, shift)
        return twin.requires_grad_(False).train(self.training)


class PaperDynamicConv(_DynamicConvBase):
    """Dynamic convolution of ParameterNet (CVPR 2024, arXiv 2306.14525): Y = X * sum_i alpha_i W_i.

    Flavor `paper` (this one): alpha = softmax(MLP(GAP(X))), where the MLP has two layers, a hidden width of
    in_features (the paper counts C_in^2 + C_in M parameters for it) and ReLU between them.
    Flavor `tutorial`: alpha = sigmoid(Linear(GAP(X))).
    The state dicts differ in the routing alone, because the routing is what differs: `routing.0.weight`
    [in_features, in_features], `routing.0.bias`, `routing.2.weight` [num_experts, in_features],
    `routing.2.bias` here, `routing.weight` [num_experts, in_features], `routing.bias` there.

    Shapes: input [N, in_features, H, W]; output [N, out_features, H', W'] as `nn.Conv2d` gives; experts
    `cond_conv.weight` [num_experts, out_features * in_features / groups * k * k] and, with bias,
    `cond_conv.bias` [num_experts, out_features].

    Arguments and ValueErrors are those of CondConv2d. The batch size becomes part of a traced or exported
    graph.
    """

    def __init__(
        self,
        in_features,
        out_features,
        kernel_size=1,
        stride=1,
        padding="",
        dilation=1,
        groups=1,
        bias=False,
        num_experts=4,
    ):
        routing = nn.Sequential(nn.Linear(in_features, in_features), nn.ReLU(), nn.Linear(in_features, num_experts))
        super().__init__(
            routing,
            in_features,
            out_features,
            kernel_size,
            stride,
            padding,
            dilation,
            groups,
            bias,
            num_experts,
        )

    def gate(self, logits):
        """Mixture weights [N, num_experts] that sum to one."""
        return torch.softmax(logits, dim=1)


class TutorialDynamicConv(_DynamicConvBase):
    """Dynamic convolution of ParameterNet (CVPR 2024, arXiv 2306.14525), as the tutorial prints it.

    Flavor `tutorial` (this one): alpha = sigmoid(Linear(GAP(X))), one linear layer, weights that do not sum
    to one.
    Flavor `paper`: alpha = softmax(MLP(GAP(X))), as the paper's and the tutorial's text have it.
    The state dicts differ in the routing alone, because the routing is what differs: `routing.weight`
    [num_experts, in_features], `routing.bias` here, `routing.0.*` and `routing.2.*` of a two-layer MLP there.

    Shapes: input [N, in_features, H, W]; output [N, out_features, H', W'] as `nn.Conv2d` gives; experts
    `cond_conv.weight` [num_experts, out_features * in_features / groups * k * k] and, with bias,
    `cond_conv.bias` [num_experts, out_features].

    Arguments and ValueErrors are those of CondConv2d. The batch size becomes part of a traced or exported
    graph.
    """

    def __init__(
        self,
        in_features,
        out_features,
        kernel_size=1,
        stride=1,
        padding="",
        dilation=1,
        groups=1,
        bias=False,
        num_experts=4,
    ):
        routing = nn.Linear(in_features, num_experts)
        super().__init__(
            routing,
            in_features,
            out_features,
            kernel_size,
            stride,
            padding,
            dilation,
            groups,
            bias,
            num_experts,
        )

    def gate(self, logits):
        """Mixture weights [N, num_experts], each by itself between zero and one."""
        return torch.sigmoid(logits)
