import torch.nn as nn
from ultralytics.nn.modules.conv import Conv


class SwitchedInput(nn.Module):
    """Activates its input with a module that upstream lets work in place: other readers get the changed map."""

    def __init__(self, c1, c2, k=3, s=1):
        super().__init__()
        self.act, self.cv = nn.ReLU(), Conv(c1, c2, k, s)

    def forward(self, x):
        return self.cv(self.act(x))
