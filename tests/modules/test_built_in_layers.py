"""Modules that no tutorial describes: they learn, on the smallest maps too, and are the same for any image size."""

import warnings

import torch

# A BatchNorm refuses the single pixel of a single image in training, as that of upstream's Conv does.
NORMS_THE_MAP = {
    "AKConv",
    "HWD",
    "GSConv",
    "GAM",
    "FasterNetBlock",
    "RCSOSA",
    "MDCR",
    "VoVGSCSP",
    "StarBlock",
    "RFAConv",
}


def test_every_parameter_of_a_fresh_layer_learns(built_in_factory):
    torch.manual_seed(0)
    layer = built_in_factory().train()
    out = layer(torch.randn(2, 8, 24, 20, requires_grad=True))
    (out * torch.randn_like(out)).sum().backward()
    still = [name for name, parameter in layer.named_parameters() if not parameter.grad.any()]
    assert still == []


def test_a_batch_of_one_trains_on_a_map_of_a_few_pixels(built_in_factory):
    layer = built_in_factory().train()
    side = 1 if type(layer).__name__ not in NORMS_THE_MAP else 3
    out = layer(torch.randn(1, 8, side, side, requires_grad=True))
    out.sum().backward()
    assert torch.isfinite(out).all()
    assert all(torch.isfinite(parameter.grad).all() for parameter in layer.parameters())


def test_a_single_pixel_has_an_output(built_in_factory):
    assert torch.isfinite(built_in_factory().eval()(torch.randn(1, 8, 1, 1))).all()


def test_a_trace_takes_other_sizes_and_batches(built_in_factory):
    layer = built_in_factory().eval()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        traced = torch.jit.trace(layer, torch.randn(1, 8, 9, 7))
    x = torch.randn(3, 8, 12, 13)
    torch.testing.assert_close(traced(x), layer(x))
