"""CARAFE against the paper's equations, pixel by pixel."""

import math

import pytest
import torch

from yolopatch.modules.samplers.carafe import CARAFE


@pytest.mark.parametrize(("scale", "k_up", "k_encoder"), [(2, 5, 3), (3, 3, 1)])
def test_each_pixel_is_the_weighted_mean_of_its_neighbourhood(scale, k_up, k_encoder, randomise):
    layer = randomise(CARAFE(3, scale, k_up, k_encoder, c_mid=4)).double()
    x = torch.randn(2, 3, 4, 5, dtype=torch.float64)
    with torch.no_grad():
        found = layer(x)
        # the weights of output pixel (i, j): channel (n, m) of the encoder's output, shuffled to the output's size
        shuffled = torch.nn.functional.pixel_shuffle(layer.encoder(layer.compress(x)), scale)
    reach = k_up // 2
    for image in range(2):
        for row in range(4 * scale):
            for column in range(5 * scale):
                scores = [math.exp(float(value)) for value in shuffled[image, :, row, column]]
                expected = torch.zeros(3, dtype=torch.float64)
                for place, score in enumerate(scores):
                    y, z = row // scale + place // k_up - reach, column // scale + place % k_up - reach
                    if 0 <= y < 4 and 0 <= z < 5:
                        expected += score / sum(scores) * x[image, :, y, z]
                torch.testing.assert_close(found[image, :, row, column], expected)


def test_the_weights_sum_to_one(randomise):
    layer = randomise(CARAFE(4, c_mid=8))
    inside = layer(torch.ones(1, 4, 9, 9))[:, :, 4:14, 4:14]
    torch.testing.assert_close(inside, torch.ones_like(inside))


def test_its_parameters():
    # section 3.3: C -> Cm by 1x1, Cm -> s^2 k_up^2 by k_encoder
    count = sum(parameter.numel() for parameter in CARAFE(256).parameters())
    assert count == (256 * 64 + 64) + (64 * 9 * 100 + 100)


def test_what_it_refuses():
    with pytest.raises(ValueError, match="must be odd, found 4 and 3"):
        CARAFE(8, k_up=4)
