import torch
import torch.nn as nn
from ultralytics.nn.modules.conv import Conv


class SummedProducts(nn.Module):
    """Attention between channels, by einsum."""

    def __init__(self, c1, c2, k=3, s=1):
        super().__init__()
        self.cv = Conv(c1, c2, k, s)
        self.q, self.o = nn.Conv2d(c2, 3 * c2, 1), Conv(c2, c2, 1)

    def forward(self, x):
        x = self.cv(x)
        b, c, h, w = x.shape
        q, k, v = self.q(x).view(b, 3, 4, c // 4, h * w).unbind(1)
        shares = torch.einsum("bhcn,bhdn->bhcd", q, k / (h * w) ** 0.5).softmax(-1)
        return x + self.o(torch.einsum("bhcd,bhdn->bhcn", shares, v).reshape(b, c, h, w))
