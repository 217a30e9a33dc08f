import torch.nn as nn
from ultralytics.nn.modules.conv import Conv


class WordInRow(nn.Module):
    """Keeps the word of its row, which parse_model replaces with its own variable of that name."""

    def __init__(self, c1, c2, mode="a", k=3, s=1):
        super().__init__()
        self.cv, self.mode = Conv(c1, c2, k, s), mode

    def forward(self, x):
        return self.cv(x)
