"""Dynamic convolution: attention over convolution kernels.

Chen, Dai, Liu, Chen, Yuan, Liu: "Dynamic Convolution: Attention over Convolution Kernels", CVPR 2020, arXiv
1912.03458. Each image gets its own kernel and bias, a mixture of K experts by a softmax whose temperature
falls from its start to 1 during early training, so that at first every expert learns.
"""

import math

import torch
import torch.nn as nn
import torch.nn.functional as F

# How far experts that start from one kernel lie apart, as a part of that kernel's root mean square in each output
# plane. The attention learns from this difference alone, and may choose any expert as soon as it does: one expert
# by itself is then still within a tenth of the kernel.
_DYNAMIC_CONV2D_SPREAD = 0.1

# How many values of kernels a CPU mixes at once: memory beyond is given back to the system and asked for anew each
# time, which takes longer than to read the experts again for each image.
_DYNAMIC_CONV2D_VALUES = 2**23


class _DynamicConv2dAttention(nn.Module):
    """Squeeze, two 1x1 convolutions and ReLU: one logit per expert and image."""

    def __init__(self, in_planes, hidden_planes, K, temperature, init_weight):
        super().__init__()
        self.fc1 = nn.Conv2d(in_planes, hidden_planes, 1, bias=False)
        self.fc2 = nn.Conv2d(hidden_planes, K, 1, bias=False)
        self.temperature = temperature
        if init_weight:
            for conv in (self.fc1, self.fc2):
                nn.init.kaiming_normal_(conv.weight, mode="fan_out", nonlinearity="relu")

    def pooled(self, x):
        """[N, in_planes, H, W] to its means [N, in_planes]; half as long as an adaptive average pool takes."""
        return x.mean((2, 3))

    def logits(self, x):
        """[N, in_planes, H, W] to [N, K]."""
        # One pixel is left of an image, and a product takes half the time of a 1x1 convolution to begin.
        hidden = F.relu(F.linear(self.pooled(x), self.fc1.weight.flatten(1)))
        return F.linear(hidden, self.fc2.weight.flatten(1))

    def current_temperature(self):
        """What the logits are divided by: a number, or a scalar tensor."""
        return self.temperature

    @torch.no_grad()
    def fix_temperature(self):
        """Put the current temperature into the last layer for good; from then on it is 1."""
        self.fc2.weight.div_(self.current_temperature())
        self.temperature = 1

    def weights(self, x):
        """[N, in_planes, H, W] to the softmax of the logits by the temperature, [N, K]."""
        logits = self.logits(x)
        return F.softmax(logits if self.temperature == 1 else logits / self.current_temperature(), 1)


class Paperattention2d(_DynamicConv2dAttention):
    """The attention of Dynamic_conv2d (CVPR 2020, arXiv 1912.03458): softmax(logits / temperature).

    Flavor `paper` (this one): the temperature anneals by itself, linearly from `temperature` to 1 over the
    first `anneal_steps` batches that are trained on (forward in training mode with gradients on). The class
    attribute is 1000, the least length of yolov5's warm-up. Eval never changes the temperature, and
    checkpoints keep it. Hidden units start in opposite pairs, so that some are alive for every image.
    Flavor `tutorial`: the temperature stays at its start unless someone calls `updata_temperature()`.
    The state dict has one entry more than the tutorial's, the buffer `trained_batches`, because the annealing
    must survive a checkpoint.

    Shapes: input [N, in_planes, H, W]; output [N, K], rows that sum to 1; parameters `fc1.weight` [hidden,
    in_planes, 1, 1] and `fc2.weight` [K, hidden, 1, 1] with hidden = int(in_planes * ratios), at least 1, and
    K for an image's 3 planes; buffer `trained_batches`, a scalar.

    Args: temperature: any number >= 1; init_weight: Kaiming (fan out), else the default of `nn.Conv2d`.
    Raises ValueError for a temperature below 1 and for K below 1.
    """

    anneal_steps = 1000

    def __init__(self, in_planes, ratios, K, temperature, init_weight=True):
        if not temperature >= 1:
            raise ValueError(f"attention2d: temperature must be at least 1, found {temperature!r}")
        if K < 1:
            raise ValueError(f"attention2d: K must be at least 1 expert, found {K!r}")
        hidden_planes = K if in_planes == 3 else max(1, int(in_planes * ratios))
        super().__init__(in_planes, hidden_planes, K, temperature, init_weight)
        self._mirror_hidden()
        # A float, because the upstreams' EMA averages float state and skips integers, whose count would stay
        # at 0 in the weights that are saved. It saturates at anneal_steps, which float16 holds exactly.
        self.register_buffer("trained_batches", torch.zeros(()))

    @torch.no_grad()
    def _mirror_hidden(self):
        """Make every second hidden unit start as the opposite of the one before it.

        Pooled maps differ little between images, and narrow layers have 4 hidden units or fewer: drawn freely,
        all of them are below zero for every image in one layer of 16, and its attention gets no gradient.
        """
        opposite = self.fc1.weight[1::2]
        opposite.copy_(-self.fc1.weight[0::2][: len(opposite)])

    def current_temperature(self):
        """The temperature of the next batch, a scalar tensor from `temperature` down to 1."""
        return self.temperature - self.trained_batches / self.anneal_steps * (self.temperature - 1)

    def forward(self, x):
        attention = self.weights(x)
        # a trace is no batch, and torch compares it with a second one that it makes without gradients
        if self.training and torch.is_grad_enabled() and not torch.jit.is_tracing():
            self.trained_batches.add_(1).clamp_(max=self.anneal_steps)
        return attention


class Tutorialattention2d(_DynamicConv2dAttention):
    """The attention of Dynamic_conv2d (CVPR 2020, arXiv 1912.03458), as the tutorial prints it.

    Flavor `tutorial` (this one): softmax(logits / temperature); each call of `updata_temperature()` lowers
    the temperature by 3 and prints it, and nothing in the upstreams calls it.
    Flavor `paper`: the temperature anneals by itself while training, counted by a buffer `trained_batches`,
    the one entry of the state dict that is not here.

    Shapes: input [N, in_planes, H, W]; output [N, K], rows that sum to 1; parameters `fc1.weight` [hidden,
    in_planes, 1, 1] and `fc2.weight` [K, hidden, 1, 1] with hidden = int(in_planes * ratios), and K for an
    image's 3 planes.

    Raises AssertionError unless temperature is 1 modulo 3.
    """

    def __init__(self, in_planes, ratios, K, temperature, init_weight=True):
        assert temperature % 3 == 1
        hidden_planes = K if in_planes == 3 else int(in_planes * ratios)
        super().__init__(in_planes, hidden_planes, K, temperature, init_weight)
        self.avgpool = nn.AdaptiveAvgPool2d(1)

    def pooled(self, x):
        """[N, in_planes, H, W] to its means [N, in_planes], by a layer that upstream counts as one."""
        return self.avgpool(x).flatten(1)

    def updata_temperature(self):
        """Lower the temperature by 3, down to 1, and print it."""
        if self.temperature != 1:
            self.temperature -= 3
            print("Change temperature to:", str(self.temperature))

    def forward(self, x):
        return self.weights(x)


class _DynamicConv2dBase(nn.Module):
    """Experts and their folding; a flavor initialises the experts and applies their mixture."""

    def __init__(
        self, attention, in_planes, out_planes, kernel_size, ratio, stride, padding, dilation, groups, bias, K
    ):
        super().__init__()
        self.in_planes = in_planes
        self.out_planes = out_planes
        self.kernel_size = kernel_size
        self.ratio = ratio
        self.stride = stride
        self.padding = padding
        self.dilation = dilation
        self.groups = groups
        self.K = K
        self.attention = attention
        self.weight = nn.Parameter(torch.empty(K, out_planes, in_planes // groups, kernel_size, kernel_size))
        self.bias = nn.Parameter(torch.empty(K, out_planes)) if bias else None
        self.register_buffer("shift", None)

    def _init_experts(self, slope):
        for expert in range(self.K):
            nn.init.kaiming_uniform_(self.weight[expert], a=slope)

    def _convolve(self, x, kernels, bias):
        """Apply to every image its own kernel and bias.

        Shapes: kernels [N * out_planes, in_planes / groups, k, k], bias [N, out_planes] or None.
        """
        if (self.kernel_size, self.stride, self.padding, self.groups) == (1, 1, 0, 1):
            return self._multiply(x, kernels, bias)
        geometry = (self.stride, self.padding, self.dilation)
        # A CPU is faster image by image, and one image needs no groups; a trace may run anywhere, with any batch.
        if not torch.jit.is_tracing() and len(x) == 1:
            return F.conv2d(x, kernels, None if bias is None else bias[0], *geometry, self.groups)
        if not torch.jit.is_tracing() and x.device.type == "cpu":
            biases = [None] * len(x) if bias is None else bias
            images = zip(x.split(1), kernels.chunk(len(x)), biases)
            return torch.cat([F.conv2d(image, kernel, b, *geometry, self.groups) for image, kernel, b in images])
        batch, planes, height, width = x.shape
        # The batch moves into the planes, so that one grouped convolution applies every image's own kernel;
        # reshape, not view, for channels_last images.
        x = x.reshape(1, batch * planes, height, width)
        bias = None if bias is None else bias.flatten()
        out = F.conv2d(x, kernels, bias, *geometry, self.groups * batch)
        return out.reshape(batch, self.out_planes, out.shape[-2], out.shape[-1])

    def _multiply(self, x, kernels, bias):
        """Apply 1x1 kernels: one product for the whole batch, which a trace keeps for any batch."""
        kernels, pixels = kernels.reshape(-1, self.out_planes, self.in_planes), x.flatten(2)
        out = torch.bmm(kernels, pixels) if bias is None else torch.baddbmm(bias.unsqueeze(2), kernels, pixels)
        return out.reshape(-1, self.out_planes, *x.shape[2:])

    def _mixed_bias(self, attention):
        """Each image's bias, [N, out_planes], or None."""
        if self.bias is not None:
            return torch.mm(attention, self.bias)
        return None if self.shift is None else self.shift.expand(attention.shape[0], -1)

    @torch.no_grad()
    def init_from(self, conv, x):
        """Start as the `nn.Conv2d` that this layer stands for, with experts that can learn apart.

        The attention's last layer is zero, so that every image gets 1/K of each expert at any temperature. The
        experts' kernels differ by noise from torch's global generator, in opposite pairs that cancel; of an odd
        number the last has none. A bias that the layer cannot hold is left out.
        `x`, a batch [N, in_planes, H, W] of what the layer is given, is not needed.
        Raises ValueError when `conv` has another geometry.
        """
        self._check_geometry(conv)
        self.attention.fc2.weight.zero_()
        self.weight.copy_(conv.weight.expand_as(self.weight))
        spread = _DYNAMIC_CONV2D_SPREAD * conv.weight.square().mean((1, 2, 3), keepdim=True).sqrt()
        for first in range(0, self.K - 1, 2):
            difference = torch.randn_like(self.weight[first]) * spread.to(self.weight)
            self.weight[first] += difference
            self.weight[first + 1] -= difference
        if self.bias is not None:
            self.bias.copy_(torch.zeros_like(self.bias) if conv.bias is None else conv.bias.expand_as(self.bias))

    def _check_geometry(self, conv):
        expected = {
            "in_channels": self.in_planes,
            "out_channels": self.out_planes,
            "kernel_size": (self.kernel_size, self.kernel_size),
            "stride": (self.stride, self.stride),
            "padding": (self.padding, self.padding),
            "dilation": (self.dilation, self.dilation),
            "groups": self.groups,
            "padding_mode": "zeros",
        }
        for name, value in expected.items():
            if getattr(conv, name) != value:
                raise ValueError(
                    f"Dynamic_conv2d: init_from needs a convolution of the same geometry, expected {name}={value!r}, "
                    f"found {getattr(conv, name)!r}"
                )

    @torch.no_grad()
    def folded(self, scale, shift):
        """Return a fixed copy that computes `scale * self(x) + shift` (1-D, per output channel).

        Attention sums to one, so that a shift may go into every expert's bias; without biases it is a buffer. The
        temperature stays where it is.
        """
        twin = type(self)(
            self.in_planes,
            self.out_planes,
            self.kernel_size,
            self.ratio,
            self.stride,
            self.padding,
            self.dilation,
            self.groups,
            self.bias is not None,
            self.K,
            self.attention.temperature,
        )
        twin.attention.to(self.weight).load_state_dict(self.attention.state_dict())
        twin.attention.fix_temperature()
        twin.weight = nn.Parameter(self.weight * scale.view(1, -1, 1, 1, 1))
        if self.bias is not None:
            twin.bias = nn.Parameter((self.bias * scale + shift).to(self.weight))
        else:
            before = 0 if self.shift is None else self.shift * scale
            twin.shift = (before + shift).to(self.weight, copy=True)
        return twin.requires_grad_(False).train(self.training)


class PaperDynamic_conv2d(_DynamicConv2dBase):
    """Dynamic convolution over K kernels (CVPR 2020, arXiv 1912.03458).

    Flavor `paper` (this one): the biases start at zero; the attention's temperature anneals by itself in
    training (see attention2d); any number of groups that divides the planes.
    Flavor `tutorial`: the biases start as uninitialised memory; the temperature stays unless
    `update_temperature()` is called, and must be 1 modulo 3; more than one group fails in forward.
    The state dict has one entry more than the tutorial's, the buffer `attention.trained_batches`, because the
    annealing must survive a checkpoint.

    Shapes: input [N, in_planes, H, W]; output [N, out_planes, H', W'] as `nn.Conv2d` gives; parameters
    `weight` [K, out_planes, in_planes / groups, k, k], `bias` [K, out_planes], `attention.fc1.weight`,
    `attention.fc2.weight`. `shift` [out_planes] is a buffer only on a folded copy without biases.

    Args: ratio: width of the attention's hidden layer by in_planes; temperature: where the annealing starts;
    init_weight: Kaiming initialisation per expert, else the default of `nn.Conv2d`.
    But for 1x1 kernels at stride 1 the batch size becomes part of a traced or exported graph, being a factor of the
    number of groups.
    Raises ValueError when groups does not divide both plane counts, and for a temperature or K below 1.
    """

    def __init__(
        self,
        in_planes,
        out_planes,
        kernel_size,
        ratio=0.25,
        stride=1,
        padding=0,
        dilation=1,
        groups=1,
        bias=True,
        K=4,
        temperature=34,
        init_weight=True,
    ):
        if in_planes % groups or out_planes % groups:
            raise ValueError(
                f"Dynamic_conv2d: groups must divide in_planes and out_planes, "
                f"found groups={groups}, in_planes={in_planes}, out_planes={out_planes}"
            )
        attention = Paperattention2d(in_planes, ratio, K, temperature, init_weight)
        super().__init__(
            attention, in_planes, out_planes, kernel_size, ratio, stride, padding, dilation, groups, bias, K
        )
        self._init_experts(0 if init_weight else math.sqrt(5))
        if bias:
            nn.init.zeros_(self.bias)

    def forward(self, x):
        return self._mixed(x, self.attention(x))

    def _mixed(self, x, attention):
        """Apply to every image the mixture that its attention [N, K] chooses."""
        by_image = not torch.jit.is_tracing() and len(x) > 1 and x.device.type == "cpu"
        if by_image and len(x) * (self.weight.numel() // self.K) > _DYNAMIC_CONV2D_VALUES:
            return torch.cat([self._mixed(*parts) for parts in zip(x.split(1), attention.split(1))])
        kernels = torch.mm(attention, self.weight.flatten(1)).reshape(
            -1, self.in_planes // self.groups, self.kernel_size, self.kernel_size
        )
        return self._convolve(x, kernels, self._mixed_bias(attention))


class TutorialDynamic_conv2d(_DynamicConv2dBase):
    """Dynamic convolution over K kernels (CVPR 2020, arXiv 1912.03458), as the tutorial prints it.

    Flavor `tutorial` (this one): the biases start as uninitialised memory; the temperature stays at its start
    unless `update_temperature()` is called; groups > 1 fails in forward.
    Flavor `paper`: biases start at zero, the temperature anneals by itself in training, groups work.
    The state dict lacks the paper flavor's buffer `attention.trained_batches`, as nothing anneals here.

    Shapes: input [N, in_planes, H, W]; output [N, out_planes, H', W'] as `nn.Conv2d` gives; parameters
    `weight` [K, out_planes, in_planes / groups, k, k], `bias` [K, out_planes], `attention.fc1.weight`,
    `attention.fc2.weight`. `shift` [out_planes] is a buffer only on a folded copy without biases.

    Args: ratio: width of the attention's hidden layer by in_planes; init_weight: False leaves `weight`
    uninitialised.
    But for 1x1 kernels at stride 1 the batch size becomes part of a traced or exported graph, being a factor of the
    number of groups.
    Raises AssertionError when groups does not divide in_planes and unless temperature is 1 modulo 3.
    """

    def __init__(
        self,
        in_planes,
        out_planes,
        kernel_size,
        ratio=0.25,
        stride=1,
        padding=0,
        dilation=1,
        groups=1,
        bias=True,
        K=4,
        temperature=34,
        init_weight=True,
    ):
        assert in_planes % groups == 0
        attention = Tutorialattention2d(in_planes, ratio, K, temperature)
        super().__init__(
            attention, in_planes, out_planes, kernel_size, ratio, stride, padding, dilation, groups, bias, K
        )
        if init_weight:
            self._init_experts(0)

    def __setstate__(self, state):
        super().__setstate__(state)
        # the tutorial's own class does not keep them
        if "shift" not in self._buffers:
            self.register_buffer("shift", None)
            hidden_planes = self.attention.fc1.weight.shape[0]
            self.ratio = (hidden_planes + 0.5) / self.in_planes  # times in_planes and rounded down: hidden_planes

    def update_temperature(self):
        """Lower the attention's temperature by 3, down to 1, and print it."""
        self.attention.updata_temperature()

    def forward(self, x):
        attention = self.attention(x)
        # As printed: in_planes, not in_planes / groups.
        kernels = torch.mm(attention, self.weight.view(self.K, -1)).view(
            -1, self.in_planes, self.kernel_size, self.kernel_size
        )
        return self._convolve(x, kernels, self._mixed_bias(attention))
