import torch.nn as nn
import torch.nn.functional as F


class _Standardised(nn.Conv2d):
    def forward(self, x):
        w = self.weight
        w = (w - w.mean((1, 2, 3), keepdim=True)) / (w.std((1, 2, 3), keepdim=True) + 1e-5)
        return F.conv2d(x, w, self.bias, self.stride, self.padding, self.dilation, self.groups)


class StandardisedWeights(nn.Module):
    """A convolution whose weights are standardised at each forward, and a norm of groups."""

    def __init__(self, c1, c2, k=3, s=1):
        super().__init__()
        self.cv = _Standardised(c1, c2, k, s, k // 2, bias=False)
        self.n, self.act = nn.GroupNorm(8, c2), nn.SiLU()

    def forward(self, x):
        return self.act(self.n(self.cv(x)))
