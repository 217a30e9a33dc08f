import torch
import torch.nn as nn
import torch.nn.functional as F


class GridSampleUp(nn.Module):
    # 动态上采样
    def __init__(self, in_channels, scale=2, groups=4):
        super().__init__()
        self.scale = scale
        self.groups = groups
        self.offset = nn.Conv2d(in_channels, 2 * groups * scale ** 2, 1)
        nn.init.normal_(self.offset.weight, std=0.001)
        nn.init.constant_(self.offset.bias, 0)

    def forward(self, x):
        B, C, H, W = x.shape
        offset = self.offset(x) * 0.25
        offset = F.pixel_shuffle(offset.view(B, -1, H, W), self.scale).view(B * self.groups, 2, H * self.scale, W * self.scale)
        ys = torch.linspace(-1, 1, H * self.scale, device=x.device, dtype=x.dtype)
        xs = torch.linspace(-1, 1, W * self.scale, device=x.device, dtype=x.dtype)
        gy, gx = torch.meshgrid(ys, xs, indexing='ij')
        base = torch.stack((gx, gy)).unsqueeze(0)
        grid = (base + offset / max(H, W)).permute(0, 2, 3, 1)
        out = F.grid_sample(x.reshape(B * self.groups, -1, H, W), grid, mode='bilinear', align_corners=False, padding_mode='border')
        return out.view(B, C, H * self.scale, W * self.scale)
