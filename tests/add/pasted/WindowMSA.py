import torch
import torch.nn as nn
import torch.nn.functional as F


class WindowMSA(nn.Module):
    def __init__(self, dim, num_heads=4, window_size=7, qkv_bias=True):
        super().__init__()
        self.num_heads, self.ws = num_heads, window_size
        self.scale = (dim // num_heads) ** -0.5
        self.qkv = nn.Linear(dim, dim * 3, bias=qkv_bias)
        self.proj = nn.Linear(dim, dim)
        self.norm = nn.LayerNorm(dim)

    def forward(self, x):
        shortcut = x
        B, C, H, W = x.shape
        x = self.norm(x.permute(0, 2, 3, 1))
        pad_r, pad_b = (self.ws - W % self.ws) % self.ws, (self.ws - H % self.ws) % self.ws
        x = F.pad(x, (0, 0, 0, pad_r, 0, pad_b))
        _, Hp, Wp, _ = x.shape
        x = x.view(B, Hp // self.ws, self.ws, Wp // self.ws, self.ws, C).permute(0, 1, 3, 2, 4, 5).reshape(-1, self.ws * self.ws, C)
        qkv = self.qkv(x).reshape(x.shape[0], -1, 3, self.num_heads, C // self.num_heads).permute(2, 0, 3, 1, 4)
        q, k, v = qkv[0], qkv[1], qkv[2]
        attn = ((q * self.scale) @ k.transpose(-2, -1)).softmax(dim=-1)
        x = self.proj((attn @ v).transpose(1, 2).reshape(x.shape[0], -1, C))
        x = x.view(B, Hp // self.ws, Wp // self.ws, self.ws, self.ws, C).permute(0, 1, 3, 2, 4, 5).reshape(B, Hp, Wp, C)
        x = x[:, :H, :W, :].contiguous()
        return shortcut + x.permute(0, 3, 1, 2)
