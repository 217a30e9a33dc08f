import torch.nn as nn
from ultralytics.nn.modules.conv import Conv


class StaleMemory(nn.Module):
    """Adds the means of the last batch while it trains; the last batch of an epoch is smaller."""

    def __init__(self, c1, c2, k=3, s=1):
        super().__init__()
        self.cv, self.memory = Conv(c1, c2, k, s), None

    def forward(self, x):
        x = self.cv(x)
        if not self.training:
            return x
        memory, self.memory = self.memory, x.detach().mean((2, 3), keepdim=True)
        return x if memory is None else x + 0.1 * memory
