import torch
import torch.nn as nn
class LargeKernelAttn(nn.Module):
    def __init__(self, d_model, **kwargs):
        super().__init__()
        self.proj_1 = nn.Conv2d(d_model, d_model, 1)
        self.activation = nn.GELU()
        self.conv0 = nn.Conv2d(d_model, d_model, 5, padding=2, groups=d_model)
        self.conv_spatial = nn.Conv2d(d_model, d_model, 7, stride=1, padding=9, groups=d_model, dilation=3)
        self.conv1 = nn.Conv2d(d_model, d_model, 1)
        self.proj_2 = nn.Conv2d(d_model, d_model, 1)

    def forward(self, x):
        shorcut = x.clone()
        x = self.activation(self.proj_1(x))
        attn = self.conv1(self.conv_spatial(self.conv0(x)))
        x = self.proj_2(x * attn)
        x = x + shorcut
        return x
