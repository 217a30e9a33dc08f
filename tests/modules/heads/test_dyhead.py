"""DyHead against the paper's equations, and against torchvision's deformable convolution."""

import pytest
import torch
from torchvision.ops import deform_conv2d

from yolopatch.modules.heads.dyhead import DyHead, DyHeadBlock, _dyhead_sampled


def pyramid(width=8):
    generator = torch.Generator().manual_seed(3)
    sizes = ((8, 12), (4, 6), (2, 3))
    return [torch.randn(2, width, *size, generator=generator, dtype=torch.float64) for size in sizes]


@pytest.fixture
def block(randomise):
    return randomise(DyHeadBlock(8)).double()


def test_scale_attention_is_the_hard_sigmoid_of_a_linear_function_of_the_mean(block):
    x = pyramid()
    for one, found in zip(x, block._scale_aware(x), strict=True):
        for image in range(2):
            mean = [float(one[image, channel].mean()) for channel in range(8)]
            value = float(block.scale.bias[0]) + sum(
                float(block.scale.weight[0, channel, 0, 0]) * mean[channel] for channel in range(8)
            )
            torch.testing.assert_close(found[image], max(0.0, min(1.0, (value + 1) / 2)) * one[image])


def test_spatial_attention_is_a_mean_of_deformable_convolutions_at_the_levels_points(block):
    x = pyramid()
    found = block._spatial_aware(x)
    finer = torch.nn.functional.avg_pool2d(x[0], 2)
    coarser = torch.nn.functional.interpolate(x[2], size=(4, 6), mode="bilinear", align_corners=False)
    points = block.points(x[1])
    # torchvision wants y before x
    offset = points[:, :18].view(2, 9, 2, 4, 6).flip(2).reshape(2, 18, 4, 6)
    mask = points[:, 18:].sigmoid()
    expected = torch.zeros_like(x[1])
    for one, kernel, norm in zip((finer, x[1], coarser), block.kernels, block.norms, strict=True):
        expected += norm(deform_conv2d(one, offset, kernel.weight, padding=1, mask=mask)) / 3
    torch.testing.assert_close(found[1], expected)


def test_task_attention_switches_between_two_lines_for_each_channel(block):
    x = pyramid()
    mean = sum(one.mean((2, 3)) for one in x) / 3
    hidden = (mean @ block.squeeze.weight.T + block.squeeze.bias).clamp(min=0)
    values = 2 / (1 + torch.exp(-(hidden @ block.excite.weight.T + block.excite.bias))) - 1
    for one, found in zip(x, block._task_aware(x), strict=True):
        for image in range(2):
            for channel in range(8):
                a1, a2, b1, b2 = (float(values[image, part * 8 + channel]) for part in range(4))
                lines = (one[image, channel] * (1 + a1) + b1, one[image, channel] * a2 + b2)
                torch.testing.assert_close(found[image, channel], torch.where(lines[0] > lines[1], *lines))


def test_at_the_start_the_task_attention_is_a_relu():
    x = pyramid()
    for one, found in zip(x, DyHeadBlock(8).double()._task_aware(x), strict=True):
        torch.testing.assert_close(found, one.clamp(min=0))


@pytest.mark.parametrize("blocks", [1, 6])
def test_its_parameters(blocks):
    width = 32
    block = (width + 1) + (27 * width * 9 + 27) + 3 * (width * width * 9 + 2 * width)
    block += (width * 8 + 8) + (8 * 4 * width + 4 * width)
    align = sum(one * width + 2 * width for one in (16, 64))
    found = sum(parameter.numel() for parameter in DyHead([16, 32, 64], width, blocks).parameters())
    assert found == align + blocks * block


def test_six_blocks_pass_a_signal_on():
    torch.manual_seed(0)
    out = DyHead([16, 16, 16], 16, 6).eval()([one.float() for one in pyramid(16)])
    assert all(0.05 < float(one.std()) < 20 for one in out)


def test_one_pixel_is_enough_in_training():
    # the probe that finds the strides has one image, and a deep level may have one pixel
    out = DyHead([16, 16], 16).train()([torch.randn(1, 16, 2, 2), torch.randn(1, 16, 1, 1)])
    assert [tuple(one.shape) for one in out] == [(1, 16, 2, 2), (1, 16, 1, 1)]


def test_what_it_refuses():
    with pytest.raises(ValueError, match="levels of a pyramid, found 1 map"):
        DyHead([8], 8)
    with pytest.raises(ValueError, match="at least one block is needed, found 0"):
        DyHead([8, 8], 8, 0)
    with pytest.raises(ValueError, match="a width of at least 4 is needed, found 2"):
        DyHeadBlock(2)


@pytest.mark.parametrize("size", [(1, 1), (2, 5), (7, 4)])
def test_an_export_to_onnx_samples_the_same(monkeypatch, size):
    torch.manual_seed(0)
    x, points = torch.randn(2, 3, *size, dtype=torch.float64), torch.rand(2, 6, 9, 2, dtype=torch.float64) * 4 - 2
    expected = torch.nn.functional.grid_sample(x, points, "bilinear", "zeros", align_corners=False)
    monkeypatch.setattr(torch.onnx, "is_in_onnx_export", lambda: True)
    torch.testing.assert_close(_dyhead_sampled(x, points), expected)
