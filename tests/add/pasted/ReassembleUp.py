import torch
import torch.nn as nn
import torch.nn.functional as F


class ReassembleUp(nn.Module):
    def __init__(self, c, k_enc=3, k_up=5, c_mid=32, scale=2):
        super().__init__()
        self.scale, self.k_up = scale, k_up
        self.comp = nn.Conv2d(c, c_mid, 1)
        self.enc = nn.Conv2d(c_mid, (scale * k_up) ** 2, k_enc, padding=k_enc // 2)
        self.pix_shf = nn.PixelShuffle(scale)
        self.upsmp = nn.Upsample(scale_factor=scale, mode='nearest')

    def forward(self, X):
        b, c, h, w = X.size()
        h_, w_ = h * self.scale, w * self.scale
        W = F.softmax(self.pix_shf(self.enc(self.comp(X))), dim=1)     # b * 25 * h_ * w_
        X = F.unfold(self.upsmp(X), self.k_up, padding=self.k_up // 2 * self.scale, dilation=self.scale)
        X = X.view(b, c, -1, h_, w_)
        return torch.einsum('bkhw,bckhw->bchw', W, X)
