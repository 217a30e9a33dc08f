"""SimAM: weights from an energy, without a parameter."""

import math

import torch

from yolopatch.modules.attention.simam import SimAM


def by_energy(x, coefficient):
    """Equations 5 and 6 of the paper, value by value."""
    out = torch.empty_like(x)
    for image, channel in ((n, c) for n in range(x.shape[0]) for c in range(x.shape[1])):
        values = x[image, channel].flatten().tolist()
        mean = sum(values) / len(values)
        variance = sum((value - mean) ** 2 for value in values) / len(values)
        weighted = []
        for value in values:
            energy = 4 * (variance + coefficient) / ((value - mean) ** 2 + 2 * variance + 2 * coefficient)
            weighted.append(value / (1 + math.exp(-1 / energy)))
        out[image, channel] = torch.tensor(weighted, dtype=x.dtype).view(x.shape[2:])
    return out


def test_weighs_by_the_least_energy():
    x = torch.randn(2, 3, 5, 4, dtype=torch.float64)
    for coefficient in (1e-4, 0.5):
        torch.testing.assert_close(SimAM(coefficient)(x), by_energy(x, coefficient), rtol=1e-12, atol=1e-12)


def test_has_no_parameters_and_says_its_coefficient():
    layer = SimAM(0.001)
    assert list(layer.state_dict()) == []
    assert str(layer) == "SimAM(e_lambda=0.001)"


def test_a_single_pixel_is_weighed_by_a_constant():
    # circulating code divides by H W - 1, which is zero here
    x = torch.randn(1, 3, 1, 1)
    torch.testing.assert_close(SimAM()(x), x * torch.tensor(0.5).sigmoid())
