"""CARAFE, content-aware reassembly of features.

Wang, Chen, Xu, Liu, Loy, Lin: "CARAFE: Content-Aware ReAssembly of FEatures", ICCV 2019, arXiv 1905.02188. Each value
of the larger map is a weighted mean of a neighbourhood of the smaller one, and the map itself gives the weights.
"""

import torch
import torch.nn as nn
import torch.nn.functional as F


class CARAFE(nn.Module):
    """Content-aware up-sampling (CARAFE, ICCV 2019, arXiv 1905.02188).

    Kernels (equation 1, section 3.2): a 1x1 convolution compresses the channels to `c_mid`, a `k_encoder` x `k_encoder`
    convolution gives `scale^2 * k_up^2` channels, which are shuffled to the output's size; a softmax over the `k_up^2`
    of each output pixel makes them weights. Reassembly (equation 2): output pixel (i, j) is the sum, with these
    weights, of the `k_up` x `k_up` input pixels around (i // scale, j // scale), zeros outside; all channels use the
    same.

    Shapes: input [N, c1, H, W]; output [N, c1, scale * H, scale * W]; `compress.weight` [c_mid, c1, 1, 1],
    `encoder.weight` [scale^2 * k_up^2, c_mid, k_encoder, k_encoder], and their biases.

    Raises ValueError for an even k_up or k_encoder: a neighbourhood has its pixel in the middle.
    """

    def __init__(self, c1, scale=2, k_up=5, k_encoder=3, c_mid=64):
        super().__init__()
        if k_up % 2 == 0 or k_encoder % 2 == 0:
            raise ValueError(f"CARAFE: k_up and k_encoder must be odd, found {k_up} and {k_encoder}")
        self.scale, self.k_up = scale, k_up
        self.compress = nn.Conv2d(c1, c_mid, 1)
        self.encoder = nn.Conv2d(c_mid, scale**2 * k_up**2, k_encoder, padding=k_encoder // 2)
        nn.init.xavier_uniform_(self.compress.weight)
        nn.init.normal_(self.encoder.weight, std=0.001)
        nn.init.zeros_(self.compress.bias)
        nn.init.zeros_(self.encoder.bias)

    def kernels(self, x):
        """The weights [N, k_up^2, scale^2, H, W] of each input pixel's scale^2 output pixels; the first sum to one."""
        weights = self.encoder(self.compress(x))
        # pixel_shuffle's order: of the channels of one weight, one for each output pixel
        weights = weights.view(x.shape[0], self.k_up**2, self.scale**2, x.shape[2], x.shape[3])
        return torch.softmax(weights, 1).to(x.dtype)

    def forward(self, x):
        count, channels, height, width = x.shape
        weights = self.kernels(x).flatten(3).permute(0, 3, 1, 2)
        pixels = F.unfold(x, self.k_up, padding=self.k_up // 2)
        pixels = pixels.view(count, channels, self.k_up**2, height * width).permute(0, 3, 1, 2)
        # One product of matrices for each pixel: [channels, k_up^2] with [k_up^2, scale^2].
        larger = torch.matmul(pixels, weights).permute(0, 2, 3, 1)
        return F.pixel_shuffle(larger.reshape(count, channels * self.scale**2, height, width), self.scale)
