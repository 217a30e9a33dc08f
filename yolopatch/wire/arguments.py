"""The meanings of a constructor's arguments, by their names in the code of papers and posts; names that are taken."""

from __future__ import annotations

# The meanings, named as the arguments of upstream's own Conv and blocks.
INPUTS, OUTPUTS, KERNEL, STRIDE, PADDING, GROUPS, DILATION = "c1", "c2", "k", "s", "p", "g", "d"
ACTIVATION, REPEATS, SHORTCUT, EXPANSION, C3K = "act", "n", "shortcut", "e", "c3k"
# Of a layer that reads several maps: the list of their channels, and how many they are. Of a head: the classes.
INPUT_LIST, COUNT, CLASSES = "inputs", "count", "nc"
# Of a loss: the size of the network's input in pixels.
WIDTH, HEIGHT = "width", "height"
# One number for both input and output channels; it means the input where another argument means the output.
CHANNELS = "channels"

# The attributes that upstream's parse_model writes on every layer, in every release: `m_.i, m_.f, m_.type, m_.np = ...`
OVERWRITTEN = frozenset({"i", "f", "type", "np"})

_NAMES = {
    INPUTS: "c1 cin c_in ci in_c inc inch in_ch in_chs ch_in in_channel in_channels in_chan in_chans inchannel"
    " inchannels channel_in channels_in input_channel input_channels num_in num_input_channels n_in nin in_plane"
    " in_planes inplane inplanes input_planes inp in_dim in_dims indim dim_in input_dim in_feature in_features"
    " in_size in_filters fin c_input",
    OUTPUTS: "c2 cout c_out co out_c outc ouc outch out_ch out_chs ch_out out_channel out_channels out_chan out_chans"
    " outchannel outchannels channel_out channels_out output_channel output_channels num_out num_output_channels n_out"
    " nout out_plane out_planes outplane outplanes output_planes oup out_dim out_dims outdim dim_out output_dim"
    " out_feature out_features out_size filters out_filters n_filters num_filters fout c_output planes",
    CHANNELS: "c ch chs chan channel channels n_channel n_channels num_channel num_channels dim dims d_model embed_dim"
    " embedding_dim hidden_dim feature features n_feat n_feats num_features nf nc_in plane",
    KERNEL: "k ks k_size ksize kernel kernels kernel_size kernelsize kernal_size kernel_sz conv_kernel filter_size",
    STRIDE: "s stride strides conv_stride",
    PADDING: "p pad padding paddings",
    GROUPS: "g group groups num_groups conv_groups",
    DILATION: "d dilation dilations dilate dilation_rate",
    ACTIVATION: "act",
    REPEATS: "n num_blocks n_blocks num_repeats n_repeats repeats repeat num_layers n_layers num_bottlenecks depth",
    SHORTCUT: "shortcut",
    EXPANSION: "e expansion",
    C3K: "c3k",
}
# Their names in messages.
WORDS = {
    INPUTS: "input channels",
    CHANNELS: "input channels",
    OUTPUTS: "channels",
    KERNEL: "kernel",
    STRIDE: "stride",
    PADDING: "padding",
    GROUPS: "groups",
    DILATION: "dilation",
    REPEATS: "repeats",
}
_MEANING = {name.replace("_", ""): meaning for meaning, names in _NAMES.items() for name in names.split()}


def meaning_of(name: str) -> str | None:
    """Return the meaning of an argument by its name, None for an unknown name."""
    return _MEANING.get(name.casefold().replace("_", ""))
