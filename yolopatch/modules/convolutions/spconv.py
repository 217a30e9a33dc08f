"""SPConv, the split based convolution.

Zhang, Jiang, Lu, Han, Zeng, Gao, Men: "Split to Be Slim: An Overlooked Redundancy in Vanilla Convolution",
IJCAI 2020, arXiv 2006.12085. A part of the channels is representative and gets the 3x3 convolution; the rest,
which mostly repeats it, gets a 1x1; both results are fused by parameter-free attention over their pooled
descriptors.
"""

import torch
import torch.nn as nn
import torch.nn.functional as F

# Ridge of a fit to a convolution, as a part of the features' mean variance: a constant, and a part that grows with the
# number of features for each pixel, which is what keeps a fit to few pixels near where it started.
_SPCONV_RIDGE = 1e-3
_SPCONV_RIDGE_OF_FEW = 0.1
# Rounds of a fit, each of which knows from the one before it what uneven gates cost; later ones gain nothing.
_SPCONV_ROUNDS = 4


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


def _spconv_eager_on_cpu(x):
    """Whether a CPU's ways may be taken: a trace may run anywhere, and is to have the operators of the paper."""
    return x.device.type == "cpu" and not torch.jit.is_tracing()


def _spconv_halved(x):
    """2x2 means, of what there is where a size is odd: torch's average pool, in sums that a CPU does four at a time."""
    rows = _spconv_pair_sums(x[:, :, 0::2], x[:, :, 1::2], 2)
    return _spconv_pair_sums(rows[..., 0::2], rows[..., 1::2], 3).mul_(0.25)


def _spconv_pair_sums(first, second, dim):
    """The sums of two tensors, of which the first may be longer by one, which then counts twice."""
    rest = first.shape[dim] - second.shape[dim]
    return first + (torch.cat((second, first.narrow(dim, -1, 1)), dim) if rest else second)


class _SPConvFit:
    """Least squares for the kernels of one group's outputs: the sum of both branches shall be a convolution's.

    Moments in float64 are collected image by image, for the patches that the 3x3 kernels see, 9 for each channel of
    the group, and then the pooled pixels that the 1x1 kernels see, one for each input channel.
    """

    def __init__(self, patches, pixels, targets, prior, rest):
        """Collect the moments of features [N, F, L] and targets [N, outputs, L].

        Args:
            prior: coefficients [outputs, F] that a ridge draws the fit to.
            rest: how many of the features, the last ones, are the second branch's.
        """
        count, outputs, length = targets.shape
        features = prior.shape[1]
        gram, product = prior.new_zeros(features, features), prior.new_zeros(features, outputs)
        means, target_means = prior.new_zeros(count, features), prior.new_zeros(count, outputs)
        for image in range(count):
            seen = torch.cat((patches(image), pixels[image])).double()
            left = targets[image].double() - prior @ seen
            gram += seen @ seen.T
            product += seen @ left.T
            means[image], target_means[image] = seen.mean(1), left.mean(1)
        mean, target_mean = means.mean(0), target_means.mean(0)
        gram = gram / (count * length) - torch.outer(mean, mean)
        self.product = product / (count * length) - torch.outer(mean, target_mean)
        part = _SPCONV_RIDGE + _SPCONV_RIDGE_OF_FEW * features / (count * length)
        ridge = (part * gram.diagonal().mean()).clamp(min=torch.finfo(torch.float32).tiny)
        self.factor = torch.linalg.cholesky(gram + ridge * torch.eye(features).to(gram))
        self.prior = prior
        # How far apart the branches' descriptors are, image by image, is linear in the coefficients, too.
        apart = (means - mean) / count**0.5
        apart[:, features - rest :] *= -1
        self.pull = apart.T @ (apart @ prior.T)
        whitened = torch.linalg.solve_triangular(self.factor, apart.T, upper=False)
        self.directions, sizes, _ = torch.linalg.svd(whitened, full_matrices=False)
        self.weights = sizes.square().unsqueeze(1)

    def solve(self, cost):
        """Return the coefficients [outputs, F] when a squared descriptor difference of 1 costs `cost` [outputs]."""
        right = torch.linalg.solve_triangular(self.factor, self.product - self.pull * cost, upper=False)
        damping = self.weights * cost
        right = right - self.directions @ (damping / (1 + damping) * (self.directions.T @ right))
        return torch.linalg.solve_triangular(self.factor.T, right, upper=True).T + self.prior


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

    def _branches(self, x):
        """Both branches before their BatchNorm, each [N, outplanes, H', W']."""
        representative, rest = x[:, : self.inplanes_3x3], x[:, self.inplanes_3x3 :]
        spatial = self.gwc(representative)
        if self.stride == 2:
            representative, rest = self.avgpool_s2_3(representative), self.avgpool_s2_1(rest)
        return spatial + self.pwc(representative), self.conv1x1(rest)

    def forward(self, x):
        if isinstance(self.bn1, nn.Identity):
            return self._static_forward(x)
        out_3x3, out_1x1 = self._branches(x)
        out_3x3, out_1x1 = self.bn1(out_3x3), self.bn2(out_1x1)
        gates = self._gates(out_3x3, out_1x1)
        return out_3x3 * gates[:, 0] + out_1x1 * gates[:, 1]

    def _gates(self, out_3x3, out_1x1):
        """The branches' weights [N, 2, outplanes, 1, 1]."""
        descriptors = torch.stack((self.avgpool_add_3(out_3x3), self.avgpool_add_1(out_1x1)), dim=1)
        # Autocast computes a softmax in float32; back to the maps' own type, lest it widen them.
        return torch.softmax(descriptors, dim=1).to(out_3x3.dtype)

    def _static_forward(self, x):
        """The same for what is folded, with three passes over maps of the output's size instead of ten.

        Means of linear maps are maps of means, so that the gates are known before the 1x1 convolutions: they go into
        the kernels, one matrix for each image, and into the sum with the 3x3 convolution's output.
        """
        spatial = self._spatial(x)
        pixels = self._pooled(x).flatten(2)
        kernels = torch.cat((self.pwc.weight, self.conv1x1.weight), 1).flatten(1)
        gate_3x3, gate_1x1 = self._static_gates([part.mean((2, 3)) for part in spatial], pixels.mean(2))
        wide = torch.cat(
            (
                gate_3x3.unsqueeze(2).expand(-1, -1, self.inplanes_3x3),
                gate_1x1.unsqueeze(2).expand(-1, -1, self.inplanes_1x1),
            ),
            2,
        )
        bias = gate_3x3 * self.pwc.bias + gate_1x1 * self.conv1x1.bias
        if self.shift is not None:
            bias = bias + self.shift
        out = torch.baddbmm(bias.unsqueeze(2).to(pixels.dtype), (kernels * wide).to(pixels.dtype), pixels)
        return self._sum(out.view(-1, self.outplanes, *spatial[0].shape[2:]), spatial, gate_3x3)

    def _sum(self, out, spatial, gate):
        """The 1x1 convolutions' output, to which the 3x3 convolution's comes times its gate."""
        gate = gate.to(out.dtype)[..., None, None]
        if not _spconv_eager_on_cpu(out):
            return torch.addcmul(out, spatial[0], gate)
        # In place: to ask the system for memory of this size takes as long as to compute what goes there.
        width = out.shape[1] // len(spatial)
        for place, part, weight in zip(out.split(width, 1), spatial, gate.split(width, 1)):
            place.addcmul_(part, weight)
        return out

    def _static_gates(self, spatial, means):
        """The branches' weights, each [N, outplanes], times `scale` on a folded copy.

        Args: spatial: the means of the parts of `_spatial`; means: those of the pixels, [N, inplanes].
        """
        first = torch.cat(spatial, 1) + F.linear(
            means[:, : self.inplanes_3x3], self.pwc.weight.flatten(1), self.pwc.bias
        )
        second = F.linear(means[:, self.inplanes_3x3 :], self.conv1x1.weight.flatten(1), self.conv1x1.bias)
        gate = torch.sigmoid(first - second)
        rest = 1 - gate
        return (gate, rest) if self.scale is None else (gate * self.scale, rest * self.scale)

    def _spatial(self, x):
        """The output of the 3x3 convolution of both groups, in one part or in one for each group."""
        width = self.gwc.weight.shape[1]
        # oneDNN takes channels by 8; of groups with another number it makes up to twice the work of two convolutions
        if not _spconv_eager_on_cpu(x) or width % 8 == 0:
            return [self.gwc(x[:, : self.inplanes_3x3])]
        parts = zip((x[:, :width], x[:, width : 2 * width]), self.gwc.weight.chunk(2))
        return [F.conv2d(part, kernel, None, self.stride, 1) for part, kernel in parts]

    def _pooled(self, x):
        """What both 1x1 convolutions see, [N, inplanes, H', W']."""
        if self.stride == 1:
            return x
        return _spconv_halved(x) if _spconv_eager_on_cpu(x) else self.avgpool_s2_1(x)

    @torch.no_grad()
    def init_from(self, conv, x):
        """Approximate the `nn.Conv2d` that this layer stands for on `x`, by least squares.

        Half the sum of the branches is fitted to what `conv` gives for `x`, a batch [N, inplanes, H, W] of what the
        layer is given; the ridge draws the 3x3 kernels to those of `conv` that they have room for, and the 1x1
        kernels to zero. The BatchNorms hold the branches' statistics on `x` and give both the mean of the target,
        so that the gates are even on average. They stay even only where an image moves both descriptors alike:
        each round adds to the squares the branches' difference of descriptors, times what a unit of it cost in the
        output of the round before. Every output channel keeps the round that served it best.
        A fit wants several images and more pixels than inplanes * 5; from less it is rough.
        Raises ValueError when `conv` has another geometry, or `x` another number of channels or values that are
        not finite.
        """
        self._check_geometry(conv, x)
        target = conv(x)
        fits = self._fits(conv, x, target)
        self.conv1x1.bias.zero_()
        least = kernels = None
        cost = target.new_zeros(self.outplanes)
        for _ in range(_SPCONV_ROUNDS):
            tried = torch.cat([fit.solve(part) for fit, part in zip(fits, cost.double().chunk(2))])
            self._load(tried)
            error, cost = self._gate_error(x, target)
            if least is None:
                least, kernels = error, tried
            kernels = torch.where((error < least).unsqueeze(1), tried, kernels)
            least = torch.minimum(error, least)
        self._load(kernels)
        self._load_norms(x, target)

    def _check_geometry(self, conv, x):
        inplanes = self.inplanes_3x3 + self.inplanes_1x1
        expected = {
            "in_channels": inplanes,
            "out_channels": self.outplanes,
            "kernel_size": (3, 3),
            "stride": (self.stride, self.stride),
            "padding": (1, 1),
            "dilation": (1, 1),
            "groups": 1,
            "padding_mode": "zeros",
        }
        for name, value in expected.items():
            if getattr(conv, name) != value:
                raise ValueError(
                    f"SPConv_3x3: init_from needs a convolution of the same geometry, expected {name}={value!r}, "
                    f"found {getattr(conv, name)!r}"
                )
        if x.dim() != 4 or x.shape[1] != inplanes or not x.numel():
            raise ValueError(f"SPConv_3x3: init_from needs x of [N, {inplanes}, H, W], found {list(x.shape)}")
        if not torch.isfinite(x).all():
            raise ValueError("SPConv_3x3: init_from needs a finite x, found NaN or infinity in it")

    def _fits(self, conv, x, target):
        """The least squares problems of both groups' outputs."""
        pixels = (x if self.stride == 1 else self.avgpool_s2_1(x)).flatten(2)
        fits = []
        for inputs, outputs in zip(torch.arange(self.inplanes_3x3).chunk(2), torch.arange(self.outplanes).chunk(2)):
            own, kernel = x[:, inputs], conv.weight[outputs][:, inputs].double().flatten(1)

            def patches(image, own=own):
                return F.unfold(own[image : image + 1], 3, padding=1, stride=self.stride)[0]

            prior = torch.cat((kernel, kernel.new_zeros(len(kernel), x.shape[1])), 1)
            fits.append(_SPConvFit(patches, pixels, target[:, outputs].flatten(2), prior, self.inplanes_1x1))
        return fits

    def _load(self, kernels):
        """Take over coefficients of a fit, [outplanes, 9 * inplanes_3x3 / 2 + inplanes]."""
        sizes = (self.gwc.weight[0].numel(), self.inplanes_3x3, self.inplanes_1x1)
        for conv, part in zip((self.gwc, self.pwc, self.conv1x1), kernels.split(sizes, 1)):
            conv.weight.copy_(part.reshape(conv.weight.shape))

    def _gate_error(self, x, target):
        """The squared error of each output channel, and what a unit of squared descriptor difference costs it."""
        first, second = (out - out.mean((0, 2, 3), keepdim=True) for out in self._branches(x))
        apart = (first - second).mean((2, 3), keepdim=True)
        gated = (torch.sigmoid(2 * apart) - 0.5) * 2 * (first - second)
        wanted = target - target.mean((0, 2, 3), keepdim=True)
        error = (first + second + gated - wanted).square().mean((0, 2, 3))
        tiny = torch.finfo(apart.dtype).tiny
        return error, gated.square().mean((0, 2, 3)) / apart.square().mean((0, 2, 3)).clamp(min=tiny)

    def _load_norms(self, x, target):
        """Give both BatchNorms their branch's statistics on `x`, a gain of 2 and the target's mean."""
        for bn, out in zip((self.bn1, self.bn2), self._branches(x)):
            bn.running_mean.copy_(out.mean((0, 2, 3)))
            bn.running_var.copy_(out.var((0, 2, 3), unbiased=False))
            bn.weight.copy_(2 * torch.sqrt(bn.running_var + bn.eps))
            bn.bias.copy_(target.mean((0, 2, 3)))

    def _take_static(self, layer):
        """Take over copies of a layer's convolutions with its BatchNorms in them; `layer` may be this one."""
        scale_3x3, shift_3x3 = _spconv_bn_affine(layer.bn1, layer.conv1x1.bias)
        scale_1x1, shift_1x1 = _spconv_bn_affine(layer.bn2, layer.conv1x1.bias)
        self.gwc = _spconv_folded_conv(layer.gwc, scale_3x3, None)
        self.pwc = _spconv_folded_conv(layer.pwc, scale_3x3, shift_3x3)
        self.conv1x1 = _spconv_folded_conv(layer.conv1x1, scale_1x1, shift_1x1)
        self.bn1, self.bn2 = nn.Identity(), nn.Identity()
        self.requires_grad_(False).train(layer.training)

    @torch.no_grad()
    def fold(self):
        """Become static in place: the inner BatchNorms go into the convolutions. Again, nothing changes."""
        if not isinstance(self.bn1, nn.Identity):
            self._take_static(self)

    @torch.no_grad()
    def folded(self, scale, shift):
        """Return a copy that computes `scale * self(x) + shift` in eval mode (1-D, per output channel).

        The inner BatchNorms go into the convolutions. The outer scale cannot: the descriptors must stay those
        of the unscaled branches, so it multiplies the gates, and the shift is added last.
        """
        twin = SPConv_3x3(self.inplanes_3x3 + self.inplanes_1x1, self.outplanes, self.stride, self.ratio)
        twin._take_static(self)
        twin.scale = (scale if self.scale is None else scale * self.scale).to(self.gwc.weight, copy=True)
        twin.shift = (shift if self.shift is None else scale * self.shift + shift).to(twin.scale, copy=True)
        return twin
