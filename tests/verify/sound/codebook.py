import torch
import torch.nn as nn
from ultralytics.nn.modules.conv import Conv


class Codebook(nn.Module):
    """Follows its maps with buffers while it trains, as running statistics do."""

    def __init__(self, c1, c2, k=3, s=1):
        super().__init__()
        self.cv = Conv(c1, c2, k, s)
        self.register_buffer("centres", torch.randn(8, c2) * 0.1)
        self.o = Conv(2 * c2, c2, 1)

    def forward(self, x):
        x = self.cv(x)
        centres, tokens = self.centres.clone().to(x.dtype), x.flatten(2).transpose(1, 2)
        shares = (tokens @ centres.T).softmax(-1)
        if self.training:
            with torch.no_grad():
                sums = torch.einsum("bnk,bnc->kc", shares.float(), tokens.float())
                self.centres.lerp_(sums / shares.float().sum((0, 1))[:, None].clamp(min=1e-6), 0.01)
        read = (shares @ centres).transpose(1, 2).reshape(x.shape)
        return self.o(torch.cat((x, read), 1))
