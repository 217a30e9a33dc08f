"""SimAM, attention without parameters.

Yang, Zhang, Li, Xie: "SimAM: A Simple, Parameter-Free Attention Module for Convolutional Neural Networks", ICML 2021,
PMLR 139.
"""

import torch
import torch.nn as nn


class SimAM(nn.Module):
    """Attention by the energy of each value in its channel (SimAM, ICML 2021).

    With the mean mu and the variance v = 1/M sum (x - mu)^2 of the M = H W values of a channel, the least energy of a
    value t is e = 4 (v + lambda) / ((t - mu)^2 + 2 v + 2 lambda) (equation 5), and the value is weighted by how far it
    stands out: y = x sigmoid(1 / e) (equation 6), where 1 / e = (t - mu)^2 / (4 (v + lambda)) + 1/2.

    Shapes: input and output [N, C, H, W], for any C. No parameters, no buffers.

    Args: e_lambda: lambda, the paper's 1e-4.
    """

    def __init__(self, e_lambda=1e-4):
        super().__init__()
        self.e_lambda = e_lambda

    def forward(self, x):
        deviation = x - x.mean((2, 3), keepdim=True)
        squared = deviation * deviation
        energy = squared / (4 * (squared.mean((2, 3), keepdim=True) + self.e_lambda)) + 0.5
        return x * torch.sigmoid(energy)

    def extra_repr(self):
        """The coefficient, for print(model)."""
        return f"e_lambda={self.e_lambda}"
