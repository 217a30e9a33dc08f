"""DySample against the paper's sampling, point by point."""

import math

import pytest
import torch
import torch.nn.functional as F

from yolopatch.modules.samplers.dysample import DySample, _dysample_sampled


def sampled(plane, y, x):
    """The bilinear sample of a plane at (y, x) in pixels; points outside take the border's values."""
    height, width = plane.shape
    y, x = min(max(y, 0.0), height - 1), min(max(x, 0.0), width - 1)
    top, left = math.floor(y), math.floor(x)
    below, right = min(top + 1, height - 1), min(left + 1, width - 1)
    down, across = y - top, x - left
    upper = (1 - across) * plane[top, left] + across * plane[top, right]
    return (1 - down) * upper + down * ((1 - across) * plane[below, left] + across * plane[below, right])


def expected_of(layer, x):
    """The paper's up-sampling of one image, a value at a time."""
    scale, groups = layer.scale, layer.groups
    channels, height, width = x.shape
    offsets = layer.offsets(x.unsqueeze(0))[0]
    out = torch.zeros(channels, height * scale, width * scale, dtype=x.dtype)
    for channel in range(channels):
        group = channel // (channels // groups)
        for row in range(height * scale):
            for column in range(width * scale):
                across = float(offsets[group, row, column])
                down = float(offsets[groups + group, row, column])
                y, z = (row + 0.5) / scale - 0.5 + down, (column + 0.5) / scale - 0.5 + across
                out[channel, row, column] = sampled(x[channel], y, z)
    return out


@pytest.mark.parametrize("options", [{}, {"dyscope": True}, {"style": "pl"}, {"style": "pl", "dyscope": True}])
@pytest.mark.parametrize("scale", [2, 3])
def test_each_value_is_a_sample_at_its_moved_point(options, scale, randomise):
    channels = 2 * scale**2
    layer = randomise(DySample(channels, scale, groups=2, **options)).double()
    x = torch.randn(channels, 3, 4, dtype=torch.float64)
    with torch.no_grad():
        torch.testing.assert_close(layer(x.unsqueeze(0))[0], expected_of(layer, x), rtol=1e-9, atol=1e-9)


def test_offsets_have_the_papers_range_factor():
    static, dynamic = DySample(4), DySample(4, dyscope=True)
    for layer in (static, dynamic):
        torch.nn.init.zeros_(layer.offset.weight)
        torch.nn.init.ones_(layer.offset.bias)
    x = torch.randn(1, 4, 3, 3)
    torch.testing.assert_close(static.offsets(x), torch.full((1, 8, 6, 6), 0.25))
    torch.testing.assert_close(dynamic.offsets(x), torch.full((1, 8, 6, 6), 0.25))  # 0.5 * sigmoid(0)
    torch.nn.init.constant_(dynamic.scope.bias, 100)
    torch.testing.assert_close(dynamic.offsets(x), torch.full((1, 8, 6, 6), 0.5))


@pytest.mark.parametrize("style", ["lp", "pl"])
def test_without_offsets_it_is_bilinear(style):
    layer = DySample(16, style=style)
    torch.nn.init.zeros_(layer.offset.weight)
    x = torch.randn(2, 16, 5, 7)
    expected = F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)
    torch.testing.assert_close(layer(x), expected)


def test_its_parameters():
    def count(**options):
        return sum(parameter.numel() for parameter in DySample(64, **options).parameters())

    # section 3: 2 * g * s^2 channels of offsets from C channels, and 2 * g from C / s^2 in style 'pl'
    assert count() == 64 * 32 + 32
    assert count(dyscope=True) == 2 * (64 * 32 + 32)
    assert count(style="pl") == 16 * 8 + 8
    assert count(style="pl", dyscope=True, groups=8) == 2 * (16 * 16 + 16)


def test_half_precision_keeps_its_points():
    # at column 300 a float16 coordinate between -1 and 1 is off by a fifth of a pixel
    layer = DySample(4)
    torch.nn.init.zeros_(layer.offset.weight)
    ramp = torch.arange(300.0).expand(1, 4, 2, 300) / 300
    found = layer.half()(ramp.half()).float()
    expected = F.interpolate(ramp, scale_factor=2, mode="bilinear", align_corners=False)
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-3)


def test_what_it_refuses():
    with pytest.raises(ValueError, match="'lp' or 'pl', found 'pp'"):
        DySample(8, style="pp")
    with pytest.raises(ValueError, match="groups must divide the channels, found 4 and 6"):
        DySample(6)
    with pytest.raises(ValueError, match="a multiple of 4 in style 'pl', found 6"):
        DySample(6, style="pl", groups=2)


@pytest.mark.parametrize("size", [(1, 1), (2, 5), (7, 4)])
def test_an_export_to_onnx_samples_the_same(monkeypatch, size):
    torch.manual_seed(0)
    x, points = torch.randn(2, 3, *size, dtype=torch.float64), torch.rand(2, 6, 9, 2, dtype=torch.float64) * 4 - 2
    expected = F.grid_sample(x, points, "bilinear", "border", align_corners=False)
    monkeypatch.setattr(torch.onnx, "is_in_onnx_export", lambda: True)
    torch.testing.assert_close(_dysample_sampled(x, points), expected)
