import torch
from ultralytics.nn.modules.head import Detect


class HeadWithoutSigmoid(Detect):
    """Predicts the values before the sigmoid as scores."""

    def forward(self, x):
        found = super().forward(x)
        if self.training:
            return found
        y, maps = found
        return torch.cat((y[:, :4], torch.logit(y[:, 4:].clamp(1e-6, 1 - 1e-6))), 1), maps
