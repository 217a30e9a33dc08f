"""AKConv, the alterable kernel convolution.

Zhang, Song, Song, Yang, Ye, Zhou, Zhang: "AKConv: Convolutional Kernel with Arbitrary Sampled Shapes and Arbitrary
Number of Parameters", 2023, arXiv 2311.11587 (later called LDConv).
"""

import torch
import torch.nn as nn

# Ridge of the fit to a convolution, as a part of the features' mean energy.
_AKCONV_RIDGE = 1e-4


def _akconv_shape(points):
    """The initial places of the paper's algorithm 1, [2, points, 1, 1]: rows of about the root, the rest below."""
    base = round(points**0.5)
    places = torch.tensor([divmod(point, base) for point in range(points)])
    return places.T.reshape(2, points, 1, 1).float()


def _akconv_check_geometry(layer, conv, x):
    """Raise ValueError where `conv` is not of the geometry of the layer that stands for it, or `x` not its input."""
    expected = {
        "in_channels": layer.offset.in_channels,
        "out_channels": layer.conv.out_channels,
        "stride": layer.offset.stride,
        "padding": tuple(k // 2 for k in conv.kernel_size),
        "dilation": (1, 1),
        "groups": 1,
        "padding_mode": "zeros",
    }
    for name, value in expected.items():
        if getattr(conv, name) != value:
            raise ValueError(
                f"AKConv: init_from needs a convolution of the same geometry, expected {name}={value!r}, "
                f"found {getattr(conv, name)!r}"
            )
    if x.dim() != 4 or x.shape[1] != conv.in_channels or not x.numel() or not torch.isfinite(x).all():
        raise ValueError(f"AKConv: init_from needs a finite x of [N, {conv.in_channels}, H, W], found {list(x.shape)}")


class AKConv(nn.Module):
    """Convolution of any number of points, which move with the image (AKConv, arXiv 2311.11587).

    A kernel has N points. At the place p0 of the output, point n reads the map at s p0 + p_n + o_n(p0): p_n is its
    place in the initial shape, which fills rows of round(sqrt(N)) points from the origin at the upper left, and the
    offset o_n comes from a 3x3 convolution of the input, which starts at zero. Between pixels the value is bilinear;
    beyond the border it is that of the border. The N c1 values of a place are then weighted as in any convolution.
    BatchNorm and SiLU follow, as published: a whole layer.

    Shapes: input [N, c1, H, W]; output [N, c2, ceil(H / s), ceil(W / s)]; `conv.weight` [c2, c1 points, 1, 1], whose
    second dimension is [c1, points], `offset.weight` [2 points, c1, 3, 3] and `offset.bias`, rows before columns, and
    the state of `bn` [c2].

    Args: points: N; act: True for SiLU, a module, or False for none, as upstream's Conv takes it.
    Raises ValueError when points is not at least 1.
    """

    def __init__(self, c1, c2, points=5, s=1, act=True):
        super().__init__()
        if points < 1:
            raise ValueError(f"AKConv: points must be at least 1, found {points}")
        self.points = points
        self.offset = nn.Conv2d(c1, 2 * points, 3, s, 1)
        self.conv = nn.Conv2d(c1 * points, c2, 1, bias=False)
        self.bn = nn.BatchNorm2d(c2)
        self.act = nn.SiLU() if act is True else act if isinstance(act, nn.Module) else nn.Identity()
        self.register_buffer("shape", _akconv_shape(points), persistent=False)
        nn.init.zeros_(self.offset.weight)
        nn.init.zeros_(self.offset.bias)

    def forward(self, x):
        return self.act(self.bn(self.conv(self._sampled(x))))

    def _sampled(self, x):
        """The values at all points, [N, c1 * points, H', W']."""
        rows, columns = self._places(x)
        top, left = rows.floor(), columns.floor()
        bottom = torch.minimum(top + 1, rows.new_ones(()) * (x.shape[2] - 1))
        right = torch.minimum(left + 1, rows.new_ones(()) * (x.shape[3] - 1))
        lower, beside = (rows - top).unsqueeze(1).to(x.dtype), (columns - left).unsqueeze(1).to(x.dtype)
        above = self._read(x, top, left) * (1 - beside) + self._read(x, top, right) * beside
        below = self._read(x, bottom, left) * (1 - beside) + self._read(x, bottom, right) * beside
        return (above * (1 - lower) + below * lower).flatten(1, 2)

    def _places(self, x):
        """The rows and the columns that the points read, within the map, each [N, points, H', W']."""
        offset = self.offset(x)
        # float16 has too few numbers for the places of a large map
        offset = offset.to(torch.promote_types(offset.dtype, torch.float32))
        ones, stride = torch.ones_like(offset[:1, :1]), self.offset.stride[0]
        rows = (ones.cumsum(2) - 1) * stride + self.shape[0] + offset[:, : self.points]
        columns = (ones.cumsum(3) - 1) * stride + self.shape[1] + offset[:, self.points :]
        return rows.clamp(0, x.shape[2] - 1), columns.clamp(0, x.shape[3] - 1)

    @staticmethod
    def _read(x, rows, columns):
        """The pixels at whole rows and columns [N, points, H', W'], as [N, c1, points, H', W']."""
        index = (rows * x.shape[3] + columns).long().flatten(1).unsqueeze(1).expand(-1, x.shape[1], -1)
        return x.flatten(2).gather(2, index).reshape(*x.shape[:2], *rows.shape[1:])

    @torch.no_grad()
    def init_from(self, conv, x):
        """Approximate the `nn.Conv2d` that this layer stands for on `x`, a batch [N, c1, H, W] of its inputs.

        The points go to the taps of `conv` with the largest weights; if there are more points than taps, the others
        stay in the initial shape, around the same centre. The weights are fitted by least squares to the output before
        the activation; the norm has the statistics of `x` and gives the mean of the target. With as many points as taps
        this is exact but for the border, which AKConv repeats and a convolution fills with zeros.
        Raises ValueError when `conv` has another geometry, or `x` another shape or values that are not finite.
        """
        _akconv_check_geometry(self, conv, x)
        taps = conv.weight.detach().flatten(2)
        chosen = taps.square().sum((0, 1)).topk(min(self.points, taps.shape[2])).indices.sort().values
        self._move(chosen, conv)
        prior = taps.new_zeros(len(taps), conv.in_channels, self.points)
        prior[..., : len(chosen)] = taps[..., chosen]
        features, target = self._sampled(x), conv(x)
        self.conv.weight.copy_(self._fit(features, target, prior.flatten(1)).view_as(self.conv.weight))
        self._load_norm(self.conv(features), target)

    def _move(self, chosen, conv):
        """Put the first points at the chosen taps of a convolution, and the others around its centre."""
        height, width = conv.kernel_size
        places = self.shape.flatten(1).clone()
        places[0, : len(chosen)] = torch.div(chosen, width, rounding_mode="floor").to(places)
        places[1, : len(chosen)] = (chosen % width).to(places)
        places -= places.new_tensor([[height // 2], [width // 2]])
        self.offset.weight.zero_()
        self.offset.bias.copy_((places - self.shape.flatten(1)).flatten())

    @staticmethod
    def _fit(features, target, prior):
        """The weights [c2, F] that make target [N, c2, H, W] of features [N, F, H, W], drawn to a prior."""
        rows = features.transpose(0, 1).flatten(1).double()
        rows = rows - rows.mean(1, keepdim=True)
        gram = rows @ rows.T
        gram.diagonal().add_(_AKCONV_RIDGE * gram.diagonal().mean() + torch.finfo(gram.dtype).tiny)
        error = target.transpose(0, 1).flatten(1).double() - prior.double() @ rows
        return prior + torch.linalg.solve(gram, rows @ error.T).T

    def _load_norm(self, out, target):
        """Give the norm the statistics of `out`, and the mean of a target."""
        bn = self.bn
        bn.running_mean.copy_(out.mean((0, 2, 3)))
        bn.running_var.copy_(out.var((0, 2, 3), unbiased=False))
        bn.weight.copy_(torch.sqrt(bn.running_var + bn.eps))
        bn.bias.copy_(target.mean((0, 2, 3)))

    @torch.no_grad()
    def fold(self):
        """Become static in place: the norm goes into the weights. Again, nothing changes."""
        if isinstance(self.bn, nn.BatchNorm2d):
            training = self.training
            self.conv, self.bn = nn.utils.fuse_conv_bn_eval(self.conv.eval(), self.bn.eval()), nn.Identity()
            self.requires_grad_(False).train(training)
