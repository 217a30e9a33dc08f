"""DSConv, the distribution shifting convolution.

Gennari do Nascimento, Fawcett, Prisacariu: "DSConv: Efficient Convolution Operator", ICCV 2019, arXiv
1901.01928. The kernel is a low-bit integer tensor, the variable quantized kernel (VQK), times the kernel
distribution shift (KDS), one real scale per output channel, block of input channels and kernel position.
"""

import torch
import torch.nn as nn

# Where the search puts a block's largest magnitude, in steps beyond the negative end of the integer range.
# Beyond the end it is clipped, which pays for the finer step when the other values are small; -1 is the
# positive end, and lets a kernel that is quantised already come out as it went in. On Gaussian blocks of 32
# to 128 the best of these, in both signs, is within 0.5 % (for 8 bits: 7 %) of the best of all real scales.
_DSCONV_PEAKS = (-1.0, -0.4, 0.0, 0.4, 0.8, 1.2, 1.8, 2.4)

# How many values are searched at once. A search passes a hundred times over what it computes, which on a CPU has to
# stay in each core's cache; elsewhere few kernels have to be launched, in bounded memory.
_DSCONV_VALUES_OF_A_CORE = 2**16
_DSCONV_VALUES = 2**24


def _dsconv_pair(value):
    return tuple(value) if isinstance(value, (tuple, list)) else (value, value)


def _dsconv_same_padding(kernel_size, dilation):
    """Half the dilated kernel's extent, for each dimension."""
    pairs = zip(_dsconv_pair(kernel_size), _dsconv_pair(dilation))
    return tuple((d * (k - 1) + 1) // 2 for k, d in pairs)


def _dsconv_check_geometry(layer, conv):
    """Raise ValueError where `conv` is not of the geometry of the layer that stands for it."""
    names = ("in_channels", "out_channels", "kernel_size", "stride", "padding", "dilation", "groups", "padding_mode")
    for name in names:
        expected, found = getattr(layer, name), getattr(conv, name)
        if expected != found:
            raise ValueError(f"DSConv: cannot start from a convolution with {name}={found!r}, expected {expected!r}")


def _dsconv_is_recorded(tensor):
    """Whether a trace, an export, a compiler or a CUDA graph records operators, which will run with other weights."""
    if torch.jit.is_tracing():
        return True
    # Older releases of torch have neither of these, nor what they ask about.
    is_compiling = getattr(getattr(torch, "compiler", None), "is_compiling", None)
    is_capturing = getattr(torch.cuda, "is_current_stream_capturing", None)
    if is_compiling is not None and is_compiling():
        return True
    return tensor.is_cuda and is_capturing is not None and is_capturing()


def _dsconv_in_cache(tensor):
    """Whether a processor computes now that is faster with few values at once than with few operators."""
    return tensor.device.type == "cpu" and not _dsconv_is_recorded(tensor)


def _dsconv_sums(blocks, integers, biased, room):
    """Sum along dim -2 what a fit of blocks by integers needs; integers and what is in the room are lost.

    Returns the products of blocks and integers, the integers' energy and, where there is a bias, the integers' mean,
    each with a dim -2 of size one.
    """
    mean = [integers.mean(-2, keepdim=True)] if biased else []
    centred = integers.sub_(mean[0]) if biased else integers
    products = torch.mul(blocks, centred, out=room).sum(-2, keepdim=True)
    return [products, centred.mul_(centred).sum(-2, keepdim=True), *mean]


def _dsconv_fit(blocks, products, energy, mean=None):
    """Least squares fit of blocks by scale * integers + bias.

    Returns scale, bias, and how much of the blocks' energy the fit explains, each with a dim -2 of size one.
    """
    # Integers that are not all zero have an energy of at least 1, with the mean taken off of at least 1/2;
    # the bound turns what is zero up to rounding, the fit of an all-zero block, into a scale of zero.
    scale = products / energy.clamp(min=0.25)
    bias = torch.zeros_like(scale) if mean is None else blocks.mean(-2, keepdim=True) - scale * mean
    return scale, bias, scale * products


def _dsconv_candidates(weight, low, high, biased):
    """The steps that the search tries, in units of the largest magnitude's inverse, [candidates, 1, 1]."""
    # With a bias both ends of a block are peaks, and mirrored candidates repeat each other.
    steps = [((high - low) / 2 if biased else -low) + peak for peak in _DSCONV_PEAKS]
    steps = steps if biased else steps + [-step for step in steps]
    # Filled in place: a GPU would have to wait for a list's copy, which no CUDA graph can hold.
    return torch.stack([weight.new_full((1, 1), step) for step in steps])


def _dsconv_search(blocks, steps, low, high, biased, rooms):
    """The best scale and bias for blocks within [-1, 1], among the candidates."""
    sums = []
    for group in steps.split(1 if _dsconv_in_cache(blocks) else len(_DSCONV_PEAKS) * 2):
        integers = torch.mul(blocks, group, out=rooms[0])
        if biased:
            integers = integers.add_((low + high) / 2)
        sums.append(_dsconv_sums(blocks, integers.round_().clamp_(low, high), biased, rooms[1]))
    scale, bias, explained = _dsconv_fit(blocks, *(torch.cat(values) for values in zip(*sums)))
    best = explained.max(0, keepdim=True)[1]
    return scale.gather(0, best), bias.gather(0, best)


def _dsconv_round(blocks, scale, bias, low, high, room):
    """The integers nearest to blocks at a scale and bias, zero where the scale is."""
    divisor = torch.where(scale == 0, torch.full_like(scale, torch.inf), scale)
    return torch.sub(blocks, bias, out=room).div_(divisor).round_().clamp_(low, high)


def _dsconv_fit_blocks(blocks, steps, low, high, biased, rooms):
    """Fit blocks [1, block, n] by integers in [low, high]; returns scale and bias [1, 1, n].

    The rooms are memory for what is computed on the way, three tensors like blocks, or None for new memory.
    """
    top, bottom = blocks.amax(1, keepdim=True), blocks.amin(1, keepdim=True)
    centre = (top + bottom) / 2 if biased else torch.zeros_like(top)
    # Never zero: the smallest normal number stands in for the radius of a constant block.
    radius = torch.maximum(top - centre, centre - bottom).clamp(min=torch.finfo(blocks.dtype).tiny)
    unit = torch.sub(blocks, centre, out=rooms[2]).div_(radius)
    # One round of alternation: round anew at the fitted scale, fit anew to the integers; neither adds error.
    found = _dsconv_search(unit, steps, low, high, biased, rooms)
    integers = _dsconv_round(unit, *found, low, high, rooms[0])
    scale, bias, _ = _dsconv_fit(unit, *_dsconv_sums(unit, integers, biased, rooms[1]))
    return scale * radius, bias * radius + centre


def _dsconv_exponent(values):
    """The power of two that takes the largest of some tensors' values to 2^13 or 2^14, below the end of float16.

    float16 alone has too few small numbers: scales of 8 bits are 128 times smaller than the weights. With the
    largest up there, values down to 2^-27 of it keep all 11 bits.
    """
    largest = torch.stack([value.abs().amax() for value in values]).amax()
    return largest.clamp(min=2.0**-100).log2().floor() - 13


def _dsconv_half(values, power):
    """What float16 can hold of values / power."""
    return (values / power).to(torch.float16).to(values.dtype)


def _dsconv_layout(layer):
    """How a layer's kernel is cut: for whole blocks and for what is left over, the blocks' number and size; its shape.

    Numbers of the layer, not of a tensor, which a trace would take for something that may change.
    """
    channels = layer.in_channels // layer.groups
    whole, rest = divmod(channels, layer.block_size)
    cuts = [(number, size) for number, size in ((whole, layer.block_size), (1, rest)) if number * size]
    return cuts, (layer.out_channels, channels, *layer.kernel_size)


def _dsconv_columns(kernel, cuts, shape):
    """Copy a kernel into blocks as columns [1, channels of a block, n], one tensor for each cut.

    Where the values of a block lie apart in memory, all blocks can be added up at once.
    """
    out, _, *extent = shape
    chunks = kernel.split([number * size for number, size in cuts], 1)
    blocks = [chunk.reshape(out, *cut, *extent).permute(2, 0, 1, 3, 4) for chunk, cut in zip(chunks, cuts)]
    return [part.clone(memory_format=torch.contiguous_format).flatten(1).unsqueeze(0) for part in blocks]


def _dsconv_kernel(columns, cuts, shape):
    """Put columns of blocks together again to a kernel."""
    out, _, *extent = shape
    blocks = [part.reshape(size, out, number, *extent) for part, (number, size) in zip(columns, cuts)]
    parts = [part.permute(1, 2, 0, 3, 4).flatten(1, 2) for part in blocks]
    return parts[0] if len(parts) == 1 else torch.cat(parts, 1)


def _dsconv_width(columns, size):
    """How many columns, of blocks of a size, are searched at once."""
    if _dsconv_in_cache(columns):
        return max(1, _DSCONV_VALUES_OF_A_CORE * torch.get_num_threads() // size)
    return max(1, _DSCONV_VALUES // (len(_DSCONV_PEAKS) * 2 * size))


def _dsconv_fit_columns(columns, width, low, high, biased, has_rooms):
    """Fit columns [1, block, n] a part at a time, in the same memory if told so; returns scale and bias [1, 1, n]."""
    steps = _dsconv_candidates(columns, low, high, biased)
    parts, fits = columns.split(width, 2), []
    rooms = [torch.empty_like(parts[0], memory_format=torch.contiguous_format) if has_rooms else None for _ in range(3)]
    for part in parts:
        fitting = [room[..., : part.shape[2]] if has_rooms else None for room in rooms]
        fits.append(_dsconv_fit_blocks(part, steps, low, high, biased, fitting))
    return [torch.cat(values, 2) for values in zip(*fits)]


@torch.no_grad()
def _dsconv_quantize(weight, layout, bits, biased):
    """Quantise a kernel [out, channels, kh, kw] in blocks of channels, the last one perhaps smaller.

    Returns the blocks' integers as columns, their fits (scale and bias [1, 1, n], in units of a power of two, in which
    float16 holds them exactly), and the power's exponent; all in float32 at least.
    """
    low, high = -(2 ** (bits - 1)), 2 ** (bits - 1) - 1
    # To ask the system for memory takes longer than to compute in it. Only a parameter is sure to be no tensor of
    # many weights at once, for which torch cannot compute in memory that is there.
    has_rooms = type(weight) is nn.Parameter and _dsconv_in_cache(weight)
    columns = _dsconv_columns(weight.to(torch.promote_types(weight.dtype, torch.float32)), *layout)
    fits = [
        _dsconv_fit_columns(part, _dsconv_width(part, size), low, high, biased, has_rooms)
        for part, (_, size) in zip(columns, layout[0])
    ]
    exponent = _dsconv_exponent([value for fit in fits for value in fit])
    power = 2.0**exponent
    fits = [[_dsconv_half(value, power) for value in fit] for fit in fits]
    # The integers belong to the scales as they are kept: rounding them last takes up what float16 left out.
    integers = [
        _dsconv_round(part, scale * power, bias * power, low, high, part if has_rooms else None)
        for part, (scale, bias) in zip(columns, fits)
    ]
    return integers, fits, exponent


@torch.no_grad()
def _dsconv_products(integers, fits, exponent):
    """What integers in columns and their fits stand for, as columns; the integers are lost."""
    power = 2.0 ** exponent.to(integers[0].dtype)
    return [part.mul_(scale * power).add_(bias * power) for part, (scale, bias) in zip(integers, fits)]


def _dsconv_scales(fits, shape):
    """The scales and the biases of the fits of a kernel, each [out, blocks, kh, kw]."""
    out, _, *extent = shape
    return [torch.cat([value.reshape(out, -1, *extent) for value in values], 1) for values in zip(*fits)]


def _dsconv_frozen(integers, scale, bias, cuts, shape):
    """The columns and fits of a kernel's integers and of what `_dsconv_scales` returned; bias may be None."""
    wide = torch.promote_types(scale.dtype, torch.float32)
    bias, blocks = torch.zeros_like(scale) if bias is None else bias, [number for number, _ in cuts]
    values = [[part.reshape(1, 1, -1) for part in value.to(wide).split(blocks, 1)] for value in (scale, bias)]
    return _dsconv_columns(integers.to(wide), cuts, shape), list(zip(*values))


def _dsconv_learning(weight, quantized):
    """The quantised kernel, whose gradient is the shadow kernel's."""
    # What it is added to is exactly zero, so that the kernel's value stays exactly quantised.
    return (weight - weight.detach()).add_(quantized)


def _dsconv_same_bits(one, other):
    """Whether two tensors have the same type, place, layout and bits: what compares equal may differ, as 0 and -0."""
    forms = [(tensor.dtype, tensor.device, tensor.shape, tensor.stride()) for tensor in (one, other)]
    if forms[0] != forms[1]:
        return False
    integers = {1: torch.int8, 2: torch.int16, 4: torch.int32, 8: torch.int64}[one.element_size()]
    return torch.equal(one.detach().view(integers), other.detach().view(integers))


class _DSConvBase(nn.Conv2d):
    """The constructor of the DSConv that circulates, and folding; a flavor says what its kernel is."""

    def __init__(
        self,
        in_channels,
        out_channels,
        kernel_size,
        stride,
        padding,
        dilation,
        groups,
        padding_mode,
        bias,
        block_size,
        KDSBias,
        CDS,
    ):
        if padding is None:
            padding = _dsconv_same_padding(kernel_size, dilation)
        super().__init__(in_channels, out_channels, kernel_size, stride, padding, dilation, groups, bias, padding_mode)
        self.block_size = block_size
        self.KDSBias = KDSBias
        self.CDS = CDS

    def kernel(self):
        """The kernel that the layer convolves with, [out_channels, in_channels / groups, kh, kw]."""
        return self.weight

    def forward(self, x):
        return self._conv_forward(x, self.kernel(), self.bias)

    @torch.no_grad()
    def init_from(self, conv, x):
        """Start from the convolution that the layer stands for, as nearly as the layer can compute it.

        Args: conv: an `nn.Conv2d` of the same geometry, whose bias is left out where the layer has none; x: what
        the layer is given, which a kernel that is taken over does not depend on.
        Raises ValueError for a convolution of another geometry.
        """
        _dsconv_check_geometry(self, conv)
        self.weight.copy_(conv.weight)
        if self.bias is not None:
            self.bias.copy_(torch.zeros_like(self.bias) if conv.bias is None else conv.bias)

    @torch.no_grad()
    def fold(self):
        """Make the layer, in place, the plain convolution that it is in eval mode; again changes nothing."""
        self.weight = nn.Parameter(self.kernel())
        self.requires_grad_(False)

    @torch.no_grad()
    def folded(self, scale, shift):
        """Return the static `nn.Conv2d` that computes `scale * self(x) + shift` (1-D, per output channel)."""
        conv = nn.Conv2d(
            self.in_channels,
            self.out_channels,
            self.kernel_size,
            self.stride,
            self.padding,
            self.dilation,
            self.groups,
            padding_mode=self.padding_mode,
        )
        bias = shift if self.bias is None else self.bias * scale + shift
        conv.weight = nn.Parameter(self.kernel() * scale.view(-1, 1, 1, 1), requires_grad=False)
        conv.bias = nn.Parameter(bias.to(conv.weight, copy=True), requires_grad=False)
        return conv.train(self.training)


class PaperDSConv(_DSConvBase):
    """Distribution shifting convolution (DSConv, ICCV 2019, arXiv 1901.01928): kernel = VQK * KDS.

    Flavor `paper` (this one): the VQK holds integers of `bits` bits in two's complement, within [-2^(bits-1),
    2^(bits-1) - 1]; the KDS has one scale per output channel, block of `block_size` input channels and kernel
    position, fitted by least squares after a search over step sizes of both signs and rounded to what float16
    can hold in units of one power of two of the layer. The layer convolves with the quantised kernel and the
    gradient goes straight through to the shadow kernel `weight`, from which VQK and KDS are computed in float32 or
    better: in every forward that trains, else once for each state of `weight`. Between forwards the layer keeps a
    copy of `weight` and the kernel, in no state dict, copy or checkpoint, and compares the copy with `weight` bit for
    bit, so that it sees every change, however it was made.
    `freeze()` keeps the VQK and KDS themselves in the place of the shadow kernel, for a layer that learns no more.
    Flavor `tutorial`: a plain convolution with `weight`; the integer kernel and scales are memory that nobody
    reads.
    The state dict is that of the tutorial's flavor, VQK and KDS being functions of `weight`; only with
    CDS=True it also has `CDSw` and `CDSb`, which have to be learned. A frozen layer's also has `VQK` (int8, as
    `weight`), `KDS` and with KDSBias `KDSb` [out_channels, blocks, kh, kw], and `KDSform`, the integers (exponent of
    KDS's power of two, bits, block_size). Loading a state gives the layer the state's form.

    Shapes: input [N, in_channels, H, W]; output [N, out_channels, H', W'] as `nn.Conv2d` gives; parameters
    `weight` [out_channels, in_channels / groups, kh, kw], with bias `bias` [out_channels], with CDS `CDSw`
    and `CDSb` [out_channels].

    Args: kernel_size, stride, padding, dilation: int or pair, padding None means 'same' at stride 1;
    block_size: input channels of a group that share a scale, the last block may be smaller; KDSBias: fit a
    bias besides each scale; CDS: channel distribution shift, kernel = CDSw * (VQK * KDS) + CDSb per output
    channel, which starts as the identity; bits: 2 to 8.
    Raises ValueError for bits or block_size out of range and, from `nn.Conv2d`, for groups that do not divide
    the channels.
    """

    # Of the class, for checkpoints that were saved before there were `fold` and what `forward` keeps.
    is_folded = False
    _kept = None

    def __init__(
        self,
        in_channels,
        out_channels,
        kernel_size,
        stride=1,
        padding=None,
        dilation=1,
        groups=1,
        padding_mode="zeros",
        bias=False,
        block_size=32,
        KDSBias=False,
        CDS=False,
        bits=4,
    ):
        if bits not in range(2, 9):
            raise ValueError(f"DSConv: bits must be an integer from 2 to 8, found {bits!r}")
        if block_size < 1:
            raise ValueError(f"DSConv: block_size must be at least 1 input channel, found {block_size!r}")
        super().__init__(
            in_channels,
            out_channels,
            kernel_size,
            stride,
            padding,
            dilation,
            groups,
            padding_mode,
            bias,
            block_size,
            KDSBias,
            CDS,
        )
        self.bits = bits
        if CDS:
            self.CDSw = nn.Parameter(torch.ones(out_channels))
            self.CDSb = nn.Parameter(torch.zeros(out_channels))

    def __getstate__(self):
        # For copies and checkpoints, which are not to grow by what is kept.
        return {name: value for name, value in vars(self).items() if name != "_kept"}

    def _apply(self, *args, **kwargs):
        # What is kept is neither parameter nor buffer: `to()`, `half()` and the like would leave it where it was.
        self._kept = None
        return super()._apply(*args, **kwargs)

    @property
    def is_frozen(self):
        """Whether the layer keeps its VQK and KDS in the place of the shadow kernel."""
        return "VQK" in self._buffers

    def __getattr__(self, name):
        # Upstream asks a convolution for its weight's shape, type and place: a frozen one makes it when asked.
        if name == "weight" and self.is_frozen:
            bias = self.KDSb if self.KDSBias else None
            layout = _dsconv_layout(self)
            columns = _dsconv_products(*_dsconv_frozen(self.VQK, self.KDS, bias, *layout), self.KDSform[0])
            return _dsconv_kernel(columns, *layout).to(self.KDS.dtype)
        return super().__getattr__(name)

    @torch.no_grad()
    def init_from(self, conv, x):
        """Take the kernel of the convolution that the layer stands for, and a channel shift that changes nothing.

        See the base class; a folded layer takes the kernel as it is, unquantised.
        """
        self._thaw()
        super().init_from(conv, x)
        if self.CDS:
            self.CDSw.fill_(1)
            self.CDSb.zero_()

    @torch.no_grad()
    def fold(self):
        """Put the quantised and shifted kernel in the place of the shadow kernel; nothing is quantised any more."""
        kernel = self.kernel()
        self._thaw()
        self.weight = nn.Parameter(kernel)
        self.is_folded, self._kept = True, None
        if self.CDS:
            self.CDS = False
            del self.CDSw, self.CDSb
        self.requires_grad_(False)

    @torch.no_grad()
    def freeze(self):
        """Keep the VQK and KDS in the place of the shadow kernel, in place; the kernel stays the same bit for bit.

        They are what `yolopatch pack` stores. KDS has the layer's floating type and values that float16 holds, so
        that `half()` and `float()` change nothing. A frozen layer never quantises again.
        Raises ValueError for a folded layer, whose integers are gone.
        """
        if self.is_folded:
            raise ValueError("DSConv: a folded layer cannot be frozen, its integers are gone; freeze it before")
        if self.is_frozen:
            return
        integers, scale, bias, exponent = self._quantized(self.weight)
        self._make_room(scale.shape)
        self._kept = None
        self.VQK.copy_(integers)
        self.KDS.copy_(scale)
        if self.KDSBias:
            self.KDSb.copy_(bias)
        self.KDSform[0], self.KDSform[1], self.KDSform[2] = exponent, self.bits, self.block_size

    def _make_room(self, shape):
        """Put buffers in the place of the shadow kernel, or of other buffers, for a KDS of this shape."""
        weight = self.weight
        self._thaw()
        del self.weight
        self.register_buffer("VQK", torch.empty_like(weight, dtype=torch.int8))
        self.register_buffer("KDS", weight.new_empty(shape))
        if self.KDSBias:
            self.register_buffer("KDSb", weight.new_empty(shape))
        self.register_buffer("KDSform", torch.empty(3, dtype=torch.int32, device=weight.device))

    def _thaw(self):
        """Make the kernel of a frozen layer a shadow kernel that learns."""
        if self.is_frozen:
            weight = self.weight
            for name in ("VQK", "KDS", "KDSb", "KDSform"):
                self._buffers.pop(name, None)
            self.weight = nn.Parameter(weight)

    def _save_to_state_dict(self, destination, prefix, keep_vars):
        super()._save_to_state_dict(destination, prefix, keep_vars)
        if self.is_frozen:
            # Upstream's trainer builds a model anew and takes over the tensors that both have.
            destination[prefix + "weight"] = self.weight

    def _load_from_state_dict(self, state_dict, prefix, *arguments):
        if prefix + "VQK" in state_dict:
            state_dict.pop(prefix + "weight", None)
            _, self.bits, self.block_size = state_dict[prefix + "KDSform"].tolist()
            self._make_room(state_dict[prefix + "KDS"].shape)
        elif prefix + "weight" in state_dict:
            self._thaw()
        super()._load_from_state_dict(state_dict, prefix, *arguments)

    def _quantized(self, weight):
        """Integers, scale, bias and exponent, as the buffers of a frozen layer hold them."""
        layout = _dsconv_layout(self)
        integers, fits, exponent = _dsconv_quantize(weight, layout, self.bits, self.KDSBias)
        return (_dsconv_kernel(integers, *layout), *_dsconv_scales(fits, layout[1]), exponent)

    def quantize(self):
        """Return the VQK (int8, as `weight`), the KDS scale and the KDS bias [out_channels, blocks, kh, kw].

        The KDS bias is None without KDSBias. Scale and bias are float32, or float64 where `weight` is.
        """
        if self.is_frozen:
            wide = torch.promote_types(self.KDS.dtype, torch.float32)
            integers, scale, exponent = self.VQK, self.KDS.to(wide), self.KDSform[0]
            bias = self.KDSb.to(wide) if self.KDSBias else None
        else:
            integers, scale, bias, exponent = self._quantized(self.weight)
        power = 2.0**exponent
        return integers.to(torch.int8), scale * power, bias * power if self.KDSBias else None

    def kernel(self):
        """The quantised kernel, computed anew, with the gradient of the shadow kernel where there is one."""
        if self.is_folded:
            return self.weight
        return self._shifted(self.weight if self.is_frozen else self._learning_kernel(self.weight))

    def forward(self, x):
        kernel = self._shifted(self._kept_kernel()) if self._keeps() else self.kernel()
        return self._conv_forward(x, kernel, self.bias)

    def _shifted(self, kernel):
        """A kernel after the channel distribution shift, if there is one."""
        return kernel * self.CDSw.view(-1, 1, 1, 1) + self.CDSb.view(-1, 1, 1, 1) if self.CDS else kernel

    def _learning_kernel(self, weight):
        layout = _dsconv_layout(self)
        columns = _dsconv_products(*_dsconv_quantize(weight, layout, self.bits, self.KDSBias))
        return _dsconv_learning(weight, _dsconv_kernel(columns, *layout).to(weight.dtype))

    def _keeps(self):
        """Whether `forward` uses the kernel that it keeps."""
        # What another stands in for, such as a pruned, parametrised or mapped weight, may not be comparable.
        if self.is_folded or self.is_frozen or type(self.weight) is not nn.Parameter or self.weight.is_meta:
            return False
        if _dsconv_is_recorded(self.weight):
            return False
        if self.training and torch.is_grad_enabled() and self.weight.requires_grad:
            self._kept = None  # the weights are about to change, and training needs the memory
            return False
        return True

    def _kept_kernel(self):
        """What `_learning_kernel` computes, once for each state of `weight`.

        Neither names nor counters of versions tell states apart: an EMA and `load_state_dict` write in place, and an
        edit of `weight.data` counts nowhere. Only the bits do, and to compare them is one pass instead of hundreds.
        """
        weight, stream = self.weight, None
        if weight.is_cuda:  # another stream may not have seen the kernel yet
            stream = torch.cuda.current_stream(weight.device)
        form = (self.in_channels // self.groups, self.block_size, self.bits, self.KDSBias, stream)
        kept = self._kept
        if kept is None or kept[0] != form or not _dsconv_same_bits(kept[1], weight):
            self._kept = kept = (form, *self._quantized_copy(weight))
        if torch.is_grad_enabled() and weight.requires_grad:
            return _dsconv_learning(weight, kept[2])
        return kept[2]

    def _quantized_copy(self, weight):
        """A copy of the shadow kernel, and its quantised kernel."""
        # Tensors of inference mode could not be saved for a backward pass later on.
        usual = torch.no_grad() if not hasattr(torch, "inference_mode") else torch.inference_mode(False)
        with usual, torch.no_grad():
            copy = nn.Parameter(weight.detach().clone(), requires_grad=False)
            return copy, self._learning_kernel(copy)


class TutorialDSConv(_DSConvBase):
    """Distribution shifting convolution (DSConv, ICCV 2019, arXiv 1901.01928), as it circulates in code.

    Flavor `tutorial` (this one): a plain convolution with `weight`. `intweight`, `alpha` and, where asked
    for, `KDSb`, `CDSw` and `CDSb` are uninitialised tensors, neither parameters nor buffers, that nobody
    reads, so that block_size, KDSBias and CDS change nothing.
    Flavor `paper`: convolves with the quantised kernel of `weight`, and takes `bits`.
    The state dict is that of the paper's flavor, except that with CDS=True the latter has `CDSw` and `CDSb`,
    because there they are learned.

    Shapes: input [N, in_channels, H, W]; output [N, out_channels, H', W'] as `nn.Conv2d` gives; parameters
    `weight` [out_channels, in_channels / groups, kh, kw] and, with bias, `bias` [out_channels]; plain tensors
    `intweight` [out_channels, in_channels, kh, kw], `alpha` and `KDSb` [out_channels, blocks, kh, kw], `CDSw`
    and `CDSb` [out_channels].

    Args: kernel_size, stride, padding, dilation: int or pair, padding None means 'same' at stride 1.
    Raises ValueError, from `nn.Conv2d`, for groups that do not divide the channels.
    """

    def __init__(
        self,
        in_channels,
        out_channels,
        kernel_size,
        stride=1,
        padding=None,
        dilation=1,
        groups=1,
        padding_mode="zeros",
        bias=False,
        block_size=32,
        KDSBias=False,
        CDS=False,
    ):
        super().__init__(
            in_channels,
            out_channels,
            kernel_size,
            stride,
            padding,
            dilation,
            groups,
            padding_mode,
            bias,
            block_size,
            KDSBias,
            CDS,
        )
        blocks = -(-in_channels // (block_size * groups))
        self.intweight = torch.empty(out_channels, in_channels, *self.kernel_size)
        self.alpha = torch.empty(out_channels, blocks, *self.kernel_size)
        if KDSBias:
            self.KDSb = torch.empty(out_channels, blocks, *self.kernel_size)
        if CDS:
            self.CDSw = torch.empty(out_channels)
            self.CDSb = torch.empty(out_channels)

    @torch.no_grad()
    def fold(self):
        """Drop the tensors that nobody reads, which an exported model would carry."""
        super().fold()
        for name in ("intweight", "alpha", "KDSb", "CDSw", "CDSb"):
            vars(self).pop(name, None)
