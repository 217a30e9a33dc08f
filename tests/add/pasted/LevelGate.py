import torch
import torch.nn as nn


class LevelGate(nn.Module):
    def __init__(self, ch):
        super().__init__()
        self.gates = nn.ModuleList([nn.Conv2d(c, c, 1) for c in ch])

    def forward(self, feats):
        for i, gate in enumerate(self.gates):
            w = gate(feats[i].mean((2, 3), keepdim=True))
            feats[i] = feats[i] * torch.sigmoid(w)
        return feats
