"""Shapes that are followed are torch's own: each line of code is run by torch, and followed without it."""

from __future__ import annotations

import pytest
import torch

from yolopatch.core.paste.follow.trial import FAILED, OK, UNKNOWN, try_class
from yolopatch.core.paste.reading import read_paste

HEAD = """import collections.abc
import math
import numbers
import os
from os import environ

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F


"""
SIZE = (2, 12, 10, 14)

LAYERS = [
    "nn.utils.parametrizations.spectral_norm(nn.Conv2d(12, 8, 1))",
    "nn.utils.remove_weight_norm(nn.utils.weight_norm(nn.Conv2d(12, 8, 3)))",
    "nn.utils.parametrize.register_parametrization(nn.Conv2d(12, 8, 1), 'weight', nn.Identity())",
    "nn.Conv2d(12, 8, 3, 2, 1)",
    "nn.Conv2d(12, 24, (1, 7), padding=(0, 3), groups=12)",
    "nn.Conv2d(12, 8, 3, padding='same', dilation=2)",
    "nn.Conv2d(12, 8, 5, stride=(2, 1))",
    "nn.Conv2d(16, 8, 3)",
    "nn.Conv2d(12, 8, 3, groups=5)",
    "nn.Conv2d(12, 8, 21)",
    "nn.ConvTranspose2d(12, 6, 2, 2)",
    "nn.ConvTranspose2d(12, 6, 4, 2, 1, output_padding=1, groups=3)",
    "nn.BatchNorm2d(12)",
    "nn.BatchNorm2d(13)",
    "nn.GroupNorm(4, 12)",
    "nn.GroupNorm(5, 12)",
    "nn.InstanceNorm2d(12)",
    "nn.LayerNorm(14)",
    "nn.LayerNorm([12, 10, 14])",
    "nn.LayerNorm(12)",
    "nn.Linear(14, 5)",
    "nn.Linear(12, 5)",
    "nn.MaxPool2d(2, 2)",
    "nn.MaxPool2d(3, 2, 1, ceil_mode=True)",
    "nn.MaxPool2d(3, 2, ceil_mode=True)",
    "nn.MaxPool2d(5, 1, 2)",
    "nn.AvgPool2d(3)",
    "nn.AvgPool2d(3, 2, 1, True, False)",
    "nn.AvgPool2d(3, 2, ceil_mode=True, count_include_pad=False)",
    "nn.MaxPool2d(3, 2, 1, 2)",
    "nn.MaxPool2d(3, 2, 0, 1, False, True)",
    "nn.MaxPool2d(3, 2, 2)",
    "nn.BatchNorm2d(12, affine=False)",
    "nn.MaxPool2d(kernel_size=3, stride=1, padding=1, dilation=1)",
    "nn.AdaptiveAvgPool2d(1)",
    "nn.AdaptiveAvgPool2d((None, 1))",
    "nn.AdaptiveMaxPool2d((5, 7))",
    "nn.Upsample(scale_factor=2)",
    "nn.Upsample(size=(3, 4))",
    "nn.Upsample(scale_factor=1.5, mode='bilinear')",
    "nn.PixelShuffle(2)",
    "nn.PixelShuffle(5)",
    "nn.PixelUnshuffle(2)",
    "nn.PixelUnshuffle(4)",
    "nn.ZeroPad2d((0, 1, 2, 3))",
    "nn.ReflectionPad2d(2)",
    "nn.Unfold(3, padding=1, stride=2)",
    "nn.Flatten()",
    "nn.Flatten(2)",
    "nn.GLU(1)",
    "nn.PReLU(12)",
    "nn.Dropout(0.1)",
    "nn.Softmax(dim=1)",
    "nn.Identity()",
    "nn.Sequential(nn.Conv2d(12, 8, 1), nn.BatchNorm2d(8), nn.ReLU())",
    "nn.Sequential(nn.Conv2d(12, 8, 1), nn.BatchNorm2d(9), nn.ReLU())",
    "nn.Unflatten(1, (3, 4))",
]

FORWARDS = [
    "sizes = dict.fromkeys((2, 3), 4)\nreturn x.view(2, *sizes, 2, 4, -1)[:, sizes[2] - 3]",
    "names = list(dict.fromkeys(['a', 'b', 'a']))\nreturn x[:, : len(names)]",
    "flags = {}.fromkeys('ab', 1)\nreturn x.sum(tuple(flags.values())[0])",
    "return eval('nn.Conv2d')(12, 5, 1)(x)",
    "layer = eval('nn.AvgPool2d(2)')\nreturn layer(x)",
    "return eval('math.floor(2.5)') * x.mean(eval('-1'))",
    "return eval('nn.Conv2d(')(x)",
    "return x.view(2, 12, -1)",
    "return x.view(2, 11, -1)",
    "return x.reshape(x.shape[0], 3, 4, *x.shape[2:])",
    "b, c, h, w = x.size()\nreturn x.view(b, c, h * w).permute(0, 2, 1).contiguous().view(b, h, w, c)",
    "return x.permute(0, 2, 3, 1)",
    "return x.permute(0, 2, 1)",
    "return x.transpose(1, 2).flatten(2)",
    "return x.flatten(1, 2)",
    "return x.mean((2, 3), keepdim=True)",
    "return x.mean(dim=[2, 3])",
    "return x.sum(1)",
    "return x.max(dim=1, keepdim=True)[0]",
    "return torch.max(x, 1)[0].unsqueeze(1)",
    "a, b = torch.max(x, dim=1, keepdim=True)\nreturn torch.cat((a, b), 1)",
    "return torch.maximum(x, x.mean(1, True))",
    "return x.amax((2, 3))",
    "return x.norm(p=2, dim=1, keepdim=True)",
    "return x.std(dim=1)",
    "return x[:, ::2]",
    "return x[:, :, 1::2, ::2]",
    "return x[..., None]",
    "return x[0]",
    "return x[:, 3]",
    "return x[:, -13]",
    "return x[:, 1:4, ..., :2]",
    "return x[:, None, :, 2]",
    "return x[2]",
    "return torch.cat(x.chunk(2, 1), 2)",
    "return torch.cat([x, x.mean(1, True)], dim=1)",
    "return torch.cat([x, x.mean(2, True)], dim=1)",
    "return torch.stack(x.chunk(3, dim=1), dim=1).sum(1)",
    "a, b, c = x.split(4, 1)\nreturn a * b + c",
    "a, b = x.split([4, 8], dim=1)\nreturn a * b",
    "a, b = torch.split(x, [4, 8], 1)\nreturn torch.cat((b, a), 1)",
    "return x.split([4, 7], 1)[0]",
    "a, b, c, d, e = x.chunk(5, 1)\nreturn a",
    "return x.unbind(1)[0]",
    "return x.expand(2, 12, 10, 14)",
    "return x[:, :1].expand_as(x)",
    "return x.expand(3, 12, 10, 14)",
    "return x.repeat(1, 2, 1, 1)",
    "return x.repeat_interleave(2, dim=1)",
    "return x.squeeze()",
    "return x[:, :1].squeeze(1)",
    "return x.unsqueeze(-1)",
    "return x.unsqueeze(1)",
    "return x.narrow(1, 2, 5)",
    "return x.unfold(2, 3, 1)",
    "return torch.roll(x, shifts=1, dims=2)",
    "return x.flip(1)",
    "return x @ x.transpose(-1, -2)",
    "return x @ x",
    "return torch.matmul(x.flatten(2).transpose(1, 2), x.flatten(2))",
    "return torch.bmm(x.flatten(2), x.flatten(2).permute(0, 2, 1))",
    "return torch.einsum('bchw,bdhw->bcd', x, x)",
    "return torch.einsum('bchw,bchv->bcv', x, x[..., :3])",
    "return torch.einsum('bchw,bcwh->bc', x, x)",
    "return F.interpolate(x, scale_factor=2, mode='nearest')",
    "return F.interpolate(x, size=x.shape[2:])",
    "return F.interpolate(x, (5, 5), mode='bilinear', align_corners=True)",
    "return F.pad(x, (1, 1, 0, 2))",
    "return F.pad(x, [0, 0, 0, 0, 0, 4])",
    "return F.max_pool2d(x, 3, 1, 1)",
    "return F.max_pool2d(x, 2)",
    "return F.max_pool2d(x, 3, 2, 0, 1, True)",
    "return F.max_pool2d(x, 3, 2, 1, 1, False, True)[0]",
    "return F.avg_pool2d(x, 3, 2, 0, True)",
    "return F.avg_pool2d(x, 3, 2, 1, False, False, 2)",
    "return F.max_pool2d(input=x, kernel_size=2)",
    "return F.interpolate(input=x, scale_factor=2)",
    "return F.softmax(input=x, dim=1)",
    "return torch.cat(tensors=(x, x), dim=1)",
    "return torch.mean(input=x, dim=1)",
    "return torch.Tensor(4, 3)",
    "return torch.Tensor(4)",
    "return torch.Tensor([4, 3])",
    "return torch.Tensor(x.shape)",
    "return torch.Tensor(x.size())",
    "return torch.Tensor(x.shape[2:])",
    "return torch.FloatTensor(2, 3)",
    "return torch.tensor([4, 3])",
    "rates = [r.item() for r in torch.linspace(0, 0.3, 4)]\nreturn x if rates[0] > 0 else x[:, :int(rates[3] * 10)]",
    "rates = torch.linspace(0, 1, 5).tolist()\nreturn x[:, :int(rates[-1] * 3)]",
    "rates = torch.linspace(0, 4, 5)\nreturn x[:, :int(rates[2])]",
    "rates = torch.linspace(0, 4, 5)[1:3]\nreturn x[:, :int(rates[-1].item())]",
    "return x[:, :int(torch.linspace(2, 4, 1))]",
    "return torch.einsum('bchw,bc->bhw', x, torch.ones(2, 1))",
    "return torch.einsum('ihw,hw->ihw', torch.ones(5, 1, 1), torch.ones(3, 3))",
    "return torch.einsum('bchw,hw->bc', x, torch.ones(3, 3))",
    "return torch.einsum('bc,bd->cd', torch.ones(1, 3), torch.ones(4, 5))",
    "return torch.einsum('bc,bc->b', torch.ones(2, 3), torch.ones(2, 1))",
    "return x.view(2, 12, x)",
    "return x.reshape(x.shape[0], 12, x.shape)",
    "return x.expand(x, 12, 10, 14)",
    "return torch.zeros(x, 3)",
    "return getattr(F, True)(x)",
    "return getattr(F, None)(x)",
    "return getattr(F, 3)(x)",
    "return getattr(F, 'relu')(x)",
    "return nn.ReLu()(x)",
    "return nn.Batchnorm2d(12)(x)",
    "return nn.GeLU()(x)",
    "return nn.SILU()(x)",
    "return F.avg_pool2d(x, kernel_size=3, stride=2, padding=1)",
    "return F.adaptive_avg_pool2d(x, 1)",
    "return F.adaptive_max_pool2d(x, (1, 14))",
    "return F.pixel_shuffle(x, 2)",
    "return F.unfold(x, 3, padding=1)",
    "return F.fold(F.unfold(x, 3, padding=1), (10, 14), 3, padding=1)",
    "return F.conv2d(x, torch.ones(6, 12, 3, 3), padding=1)",
    "return F.conv2d(x, torch.ones(12, 1, 3, 3), stride=2, groups=12)",
    "return F.conv2d(x, torch.ones(12, 2, 3, 3), groups=12)",
    "return F.conv_transpose2d(x, torch.ones(12, 3, 2, 2), stride=2)",
    "return F.linear(x, torch.ones(4, 14))",
    "return F.softmax(x, dim=1) * torch.sigmoid(x)",
    "return F.normalize(x, dim=1)",
    "return F.layer_norm(x, [14])",
    "return F.layer_norm(x, [13])",
    "return F.glu(x, 1)",
    "return F.scaled_dot_product_attention(x, x, x)",
    "return F.grid_sample(x, torch.zeros(2, 5, 6, 2))",
    "return torch.fft.irfft2(torch.fft.rfft2(x, norm='ortho'), s=(10, 14))",
    "return x + torch.zeros(1, 12, 1, 1)",
    "return x + torch.zeros(1, 11, 1, 1)",
    "return x * torch.ones(14)",
    "return x + torch.arange(10).view(-1, 1)",
    "return torch.where(x > 0, x, torch.zeros_like(x))",
    "return x.new_zeros(3, 4)",
    "return torch.linspace(0, 1, 7)",
    "a, b = torch.meshgrid(torch.arange(3), torch.arange(4), indexing='ij')\nreturn a",
    "return torch.arange(0, 10, 3)",
    "return torch.tensor([[1, 2, 3], [4, 5, 6]])",
    "return torch.eye(3)",
    "return torch.topk(x, 3, dim=1)[0]",
    "return x.topk(15, dim=1)[0]",
    "return x.sort(1)[0]",
    "return x.cumsum(1)",
    "return x.movedim(1, -1)",
    "return torch.outer(torch.ones(3), torch.ones(4))",
    "return torch.index_select(x, 1, torch.tensor([0, 2, 4]))",
    "y = x.clone()\ny[:, :3] = 0\ny += 1\nreturn y",
    "return x[:, [0, 1, 3]]",
    "n = int(math.log2(x.shape[1]) // 2)\nreturn x[:, :n]",
    "return sum(part for part in x.chunk(4, 1))",
    "return torch.cat([x if i % 2 else x * i for i in range(3)], 1)",
    "y = [x]\nfor i in range(2):\n    y.append(y[-1][:, :6 // (i + 1)])\nreturn torch.cat(y, 1)",
    "y = [x]\ny.extend(part for part in x.chunk(2, 1))\nreturn torch.cat(y[1:], 1)",
    "if x.shape[1] != 12:\n    x = x[:, :3]\nreturn x",
    "try:\n    return x.view(7, 7)\nexcept RuntimeError:\n    return x",
    "i = 0\nwhile i < 3:\n    i += 1\n    if i == 2:\n        break\nreturn x[:, :i]",
    "f = lambda y, k=2: y[:, :k]\nreturn f(x, k=5)",
    "def half(y):\n    return y[:, :y.shape[1] // 2]\nreturn half(half(x))",
    "*a, b = x.chunk(3, 1)\nreturn torch.cat([*a], 1)",
    "assert x.shape[1] == 12\nreturn x",
    "assert x.shape[1] == 13, 'no'\nreturn x",
    "raise ValueError('no')",
    "return {'a': x, 'b': x[0]}['b']",
    "return x if isinstance(x, torch.Tensor) else x[0]",
    "return x[0] if isinstance(x, (list, tuple)) else x",
    "setattr(self, 'conv_{}'.format(3), nn.Conv2d(12, 5, 1))\nreturn self.__getattr__(f'conv_{3}')(x)",
    "return x[:, : len('{}{k}'.format(2, k='ab'))]",
    "return x[:, :4] if isinstance(4, numbers.Number) else x",
    "return x[:, :4] if isinstance(4.0, numbers.Integral) else x",
    "return x[:, :4] if isinstance((4,), collections.abc.Sequence) else x",
    "return x[:, :4] if isinstance(True, numbers.Number) and not isinstance(None, numbers.Real) else x",
    "c = nn.Conv2d(12, 8, 1)\nc.register_forward_hook(lambda m, i, o: o.chunk(2, 1)[0])\nreturn c(x)",
    "c = nn.Conv2d(12, 8, 1)\nc.register_forward_hook(lambda m, i, o: print(o.shape))\nreturn c(x)",
    "c = nn.Conv2d(6, 8, 1)\nc.register_forward_pre_hook(lambda m, i: i[0][:, :6])\nreturn c(x)",
    "c = nn.Sequential(nn.Conv2d(12, 8, 1))\nc[0].register_forward_hook(lambda m, i, o: o[:, :3])\nreturn c(x)",
    "c = nn.Identity()\nc.register_forward_pre_hook(lambda m, i: (i[0][:, :5],))\nreturn c(x)",
    "return x[:, :4] if 'NOBODY_SETS' in os.environ else x[:, :2]",
    "return x[:, : int(os.environ.get('NOBODY_SETS', 3))]",
    "return x[:, : int(os.getenv('NOBODY_SETS', '5'))]",
    "return x[:, :4] if environ.get('NOBODY_SETS') else x[:, :2]",
    "try:\n    n = int(os.environ['NOBODY_SETS'])\nexcept KeyError:\n    n = 6\nreturn x[:, :n]",
    "return x[:, : int(environ.copy().setdefault('NOBODY_SETS', '7'))]",
    "return x[:, : int(environ.copy().pop('NOBODY_SETS', '7'))]",
    "(a, b), c = x.chunk(2, 1), 3\nreturn a[:, :c]",
    "return x[..., (1, 0)]",
    "return x[:, (0, 1, 3), 2]",
    "return x[:, [[0, 1, 3], [2, 4, 5]]]",
    "return x[:, [0, 12]]",
    "return x[:, ([0, 1], [2])]",
    "return F.grid_sample(x, torch.zeros(2, 5, 6, 2)[..., (1, 0)])",
    "return x[:, : {**{'a': 3}, 'b': 4}['a']]",
    "return x[:, : dict([('a', 3), ['b', 4]])['b']]",
    "return x[:, : {**[3]}['a']]",
    "return dict([(1, 2, 3)]) or x",
    "n = next(iter([3, 4]))\nreturn x[:, :n]",
    "n = iter([3, 4, 5])\nnext(n)\nreturn x[:, : next(n) + next(n)]",
    "n = next((c for c in (3, 12) if c > 5), 2)\nreturn x[:, :n]",
    "n = next((c for c in (3, 4) if c > 5), 2)\nreturn x[:, :n]",
    "n = next(iter([]))\nreturn x",
    "c = nn.Conv2d(12, 8, 1)\nreturn c(x.to(next(c.parameters()).device))",
    "c = nn.Conv2d(12, 8, 1)\nreturn c(x) if next(c.parameters(), None) is not None else x",
    "return x if next(self.parameters(), None) is not None else x[:, :3]",
    "a, b, c = x\nreturn a",
    "a, b = x\nreturn a",
]
# what changes its tensor, and what must fit into it
IN_PLACE = [
    "x.unsqueeze_(1)\nreturn x",
    "y = x.mean(3, keepdim=True)\ny.squeeze_(-1)\nreturn y",
    "x.transpose_(1, 2)\nreturn x",
    "return x.clone().transpose_(1, 3)",
    "y = x.flatten(2)\ny.swapaxes_(1, 2)\nreturn y",
    "y = x[0, 0]\ny.t_()\nreturn y",
    "y = x.clone()\nz = y\nz.squeeze_().unsqueeze_(0)\nreturn y",
    "y = x.resize_(2, 12, 70, 2)\nreturn x",
    "x.add_(torch.zeros(1, 12, 1, 1))\nreturn x",
    "y = x.mean((2, 3), keepdim=True)\ny.add_(x)\nreturn y",
    "y = x.mean((2, 3), keepdim=True)\nreturn y.mul_(x)",
    "y = x.mean((2, 3), keepdim=True)\ny *= x\nreturn y",
    "x *= x.mean((2, 3), keepdim=True)\nreturn x",
    "y = torch.ones(2, 14, 14)\ny @= torch.ones(14, 3)\nreturn y",
    "return x.clone().pow_(2).sqrt_().exp_().clamp_min_(0).lerp_(x, 0.5).addcmul_(x, x)",
    "return torch.relu_(F.hardtanh_(x.clone())).sigmoid_()",
    "return x.clone().masked_fill_(x[:, :1] > 0, 1.0)",
    "return x.clone().masked_fill_(x.unsqueeze(0) > 0, 1.0)",
    "return x.clone().masked_fill(x.unsqueeze(0) > 0, 1.0)",
    "return x.clone().copy_(x.mean((2, 3), keepdim=True))",
    "return x.clone().copy_(torch.zeros(3, 1))",
    "return x.clone().scatter_add_(1, torch.zeros(2, 12, 10, 14).long(), x).tril_().random_()",
    "w = nn.Parameter(torch.zeros(3, 4))\nw.data = torch.ones(5, 6)\nreturn w",
    "x.data = x.data[:, :3]\nreturn x",
    "return nn.init.trunc_normal_(torch.zeros(2, 3), std=0.02)",
    "return nn.init.zeros_(torch.ones(2, 3))",
    "y = x.clone()\ny[:, 0] = torch.ones(1, 1, 10, 14)\nreturn y",
    "y = x.clone()\ny[:, 0] = torch.ones(3, 14)\nreturn y",
    "y = x.clone()\ny[:, 20] = 1\nreturn y",
    "y = x.clone()\ny[y > 0] = 0\nreturn y",
    "y = torch.zeros(2, 12, 20, 28)\ny[:, :, ::2, ::2] = x\nreturn y",
    "y = torch.zeros(2, 12, 20, 28)\ny[:, :, ::2] = x\nreturn y",
    "y = x.clone()\ny[:, :3] += x[:, 3:6]\nreturn y",
    "y = x.clone()\ny[:, :3] += x[:, 3:7]\nreturn y",
]
# views, parts and joins, and transforms
VIEWS = [
    "return torch.view_as_complex(x.view(2, 6, 2, 10, 14).permute(0, 1, 3, 4, 2).contiguous())",
    "return torch.view_as_complex(x)",
    "return torch.view_as_real(torch.fft.rfft2(x))",
    "return torch.view_as_real(torch.view_as_complex(x.reshape(2, 12, 10, 7, 2))).flatten(3)",
    "return torch.stack(torch.unbind(x, dim=1), dim=2)",
    "a, b, c = torch.tensor_split(x, (3, 5), dim=1)\nreturn b",
    "return torch.hsplit(x, 2)[1] + torch.dsplit(x, 2)[0].mean(2, True)[:, :6]",
    "return torch.hstack((x, x[:, :3]))",
    "return torch.dstack((x, x))",
    "return torch.vstack((x, x[:1]))",
    "return x.max(1, keepdim=True).values",
    "return torch.topk(x, k=3, dim=1, largest=False).indices",
    "return x.sort(dim=1).values[:, :3]",
    "return torch.kthvalue(x, 3, 1, True).values",
    "return torch.take_along_dim(x, x.argsort(1), dim=1)",
    "return x.std([2, 3], True)",
    "return x.var((2, 3), True, True)",
    "return torch.linalg.vector_norm(x, 2, 1, True)",
    "return torch.tile(x, (2,))",
    "return x.select(1, 20)",
    "return x[:, :, ::-1]",
    "return x.permute(dims=(0, 2, 3, 1))",
    "return torch.einsum('...hw,...vw->...hv', x, x)",
    "return torch.einsum('chw,...chw->...', x[0], x)",
    "return torch.einsum('...hw,vw->...v', x, x)",
    "return torch.diagonal(x, 1, dim1=2, dim2=3)",
    "return torch.diag_embed(torch.ones(2, 3)) + torch.diag(torch.ones(3))",
    "return F.one_hot(torch.zeros(3).long(), 5)",
    "return F.grid_sample(x, F.affine_grid(torch.zeros(2, 2, 3), (2, 12, 5, 6)))",
    "return F.adaptive_max_pool2d(x, 1, return_indices=True)[1]",
    "return torch.fft.rfft(x, dim=2, norm='ortho')",
    "return torch.fft.rfft2(x, s=(8, 6))",
    "return torch.fft.irfft(torch.fft.rfft(x, dim=2), n=10, dim=2)",
    "return torch.fft.irfft2(torch.fft.rfft2(x))",
    "return torch.fft.irfft2(torch.fft.rfft2(x, dim=(1, 2)), s=(12, 10), dim=(1, 2))",
    "return torch.fft.irfftn(torch.fft.rfftn(x, dim=(1, 2, 3)), s=(12, 10, 14), dim=(1, 2, 3))",
    "return torch.fft.fft2(x, s=(20, 20)).abs()",
]
# sizes of layers and maps, counted by numpy: an array, and what is done with its elements
ARRAYS = [
    "d = np.array([4, 6, 12])\nreturn nn.Conv2d(12, d[1], 1)(x)",
    "d = np.array([4, 6, 12]) // 2\nreturn nn.Conv2d(12, int(d[-1]), 1)(x)",
    "d = np.array([4, 6, 12])\nreturn torch.cat([nn.Conv2d(12, c, 1)(x) for c in d], 1)",
    "return nn.Conv2d(12, 4, np.array([3, 5]), padding=np.array([1, 1]))(x)",
    "return F.adaptive_avg_pool2d(x, np.array([5, 7]))",
    "return nn.AdaptiveMaxPool2d(np.array(x.shape[2:]) // 2)(x)",
    "return x.reshape(*np.array([24, 140]))",
    "d = np.array([4.0, 6.0])\nreturn nn.Conv2d(12, d[0], 1)(x)",
    "d = np.array([4, 6.0])\nreturn nn.Conv2d(12, d[0], 1)(x)",
    "d = np.array([4, 6])\nreturn nn.Conv2d(12, int(d[2]), 1)(x)",
    "d = np.array([[4, 6], [1, 2]])\nreturn x[:, : d[0, 1]][:, : d[1][1]]",
    "d = np.array([[4, 6], [1, 2]])\nreturn x[:, : d.sum()][:, : d.max()]",
    "d = np.array([[4, 6], [1, 2]])\nreturn x[:, : d.shape[0] + d.ndim + d.size]",
    "d = np.array([[4, 6], [1, 2]]).reshape(-1)\nreturn x[:, : d[2] + len(d)]",
    "d = np.linspace(4, 12, 3)\nreturn nn.Conv2d(12, int(d[1]), 1)(x)",
    "d = np.linspace(4, 12, 3, dtype=int)\nreturn nn.Conv2d(12, d[1], 1)(x)",
    "d = np.linspace(4, 11, 4, endpoint=False).astype(int)\nreturn nn.Conv2d(12, sum(d.tolist()), 1)(x)",
    "d = [int(v) for v in np.linspace(0.25, 1, 4) * 12]\nreturn nn.Conv2d(12, d[2], 1)(x)",
    "d = np.round(np.linspace(1, 12, 5)).astype(np.int32)\nreturn nn.Conv2d(12, d[1], 1)(x)",
    "d = np.arange(2, 12, 3)\nreturn nn.Conv2d(12, d[2], 1)(x)",
    "d = 2 ** np.arange(4)\nreturn nn.Conv2d(12, int(d[3]), 1)(x)",
    "d = np.power(2, np.arange(4))[1:]\nreturn nn.Conv2d(12, int(d[1]), 1)(x)",
    "d = np.cumsum([4, 6, 1])\nreturn x[:, d[0] : d[1]]",
    "d = np.clip(np.array([4, 60, 1]), 2, 8)\nreturn x[:, d[2] : d[1]]",
    "d = -np.array([1, -6])\nreturn x[:, : d[1]]",
    "d = np.array([1, 2]) + np.array([[2], [4]])\nreturn x[:, : d[1, 0]]",
    "d = np.array([1, 2]) + np.array([1, 2, 3])\nreturn x[:, : d[0]]",
    "d = np.maximum(np.array([1, 5]), 3)\nreturn x[:, d[0] : d[1]]",
    "return x[:, : int(np.ceil(np.log2(x.shape[1])))]",
    "return nn.Conv2d(12, np.ceil(3.2), 1)(x)",
    "return x[:, : int(np.prod([2, 3]))]",
    "d = np.array([1, 2, 4])\nd[0] = 6\nreturn x[:, : d[0]]",
    "d = np.zeros(3, dtype=int)\nfor i in range(3):\n    d[i] = i + 2\nreturn nn.Conv2d(12, d[2], 1)(x)",
    "d = np.zeros((2, 3), dtype=int)\nd[1, 2] = 4\nreturn nn.Conv2d(12, d[1, 2], 1)(x)",
    "d = np.zeros(3, dtype=int)\nd[3] = 1\nreturn x",
    "d = np.array([1, 2, 4])\nd += 2\nreturn x[:, : d[0]]",
    "d = np.array([1, 2, 4])\nd[1] *= 3.5\nreturn x[:, : d[1]]",
    "k = np.array([1, 2, 1])\nk = np.outer(k, k)\nk = torch.from_numpy(k / k.sum()).float()\n"
    "return F.conv2d(x, k[None, None].repeat(12, 1, 1, 1), groups=12)",
    "k = np.array([1., 2., 1.])\nk = k[:, None] * k[None, :]\nreturn F.conv2d(x[:, :1], torch.Tensor(k)[None, None])",
    "return x[:, np.array([0, 3, 5])]",
    "return x[:, np.random.permutation(12)]",
    "return torch.tensor(np.ones((2, 12, 1, 1), dtype=np.float32)) * x",
    "d = np.array([4, 6])\nreturn x[:, : d[0]] if isinstance(d, np.ndarray) else x",
    "d = np.array([4, 6])\nreturn x[:, : d[0]] if isinstance(d, torch.Tensor) else x",
]


def text(made: str, forward: str) -> str:
    lines = "".join(f"        {line}\n" for line in forward.split("\n"))
    return (
        f"{HEAD}class X(nn.Module):\n    def __init__(self):\n        super().__init__()\n        self.m = {made}\n\n"
        f"    def forward(self, x):\n{lines}"
    )


def by_torch(code: str, size: tuple[int, ...] = SIZE) -> tuple[int, ...] | None:
    """Give the shape that torch makes; None where it raises."""
    names: dict = {"__name__": __name__}
    exec(compile(code, "x.py", "exec", dont_inherit=True), names)  # our own text
    try:
        return tuple(names["X"]()(torch.zeros(size)).shape)
    except Exception:
        return None


def check(code: str, size: tuple[int, ...] = SIZE) -> None:
    found, expected = try_class(read_paste(code.encode(), "x.py"), "X", {}, [size]), by_torch(code, size)
    if expected is None:
        assert found.state == FAILED, found
    else:
        assert (found.state, found.shape) == (OK, expected), found


@pytest.mark.parametrize("made", LAYERS)
def test_a_layer_gives_the_shape_that_torch_gives(made):
    check(text(made, "return self.m(x)"))


@pytest.mark.parametrize("forward", [*FORWARDS, *IN_PLACE, *VIEWS])
def test_a_forward_gives_the_shape_that_torch_gives(forward):
    check(text("None", forward))


@pytest.mark.parametrize(
    "made", ["nn.BatchNorm2d(4)", "nn.GroupNorm(4, 4)", "nn.InstanceNorm2d(4)", "nn.GroupNorm(1, 4)"]
)
@pytest.mark.parametrize("size", [(1, 4, 1, 1), (2, 4, 1, 1), (1, 4, 1, 2)])
def test_a_norm_of_one_value_fails_where_torch_fails(made, size):
    check(text(made, "return self.m(x)"), size)


@pytest.mark.parametrize("read", ["os.environ['NOBODY_SETS']", "environ.pop('NOBODY_SETS')"])
def test_what_only_the_environment_decides_is_open(read):
    trial = try_class(read_paste(text("None", f"n = {read}\nreturn x").encode(), "x.py"), "X", {}, [SIZE])
    assert trial.state == UNKNOWN
    assert trial.why == "the environment variable 'NOBODY_SETS' may not be set"


def test_what_the_code_itself_sets_in_the_environment_is_read_again():
    forward = "os.environ['NOBODY_SETS'] = '4'\nreturn x[:, : int(os.getenv('NOBODY_SETS'))]"
    trial = try_class(read_paste(text("None", forward).encode(), "x.py"), "X", {}, [SIZE])
    assert trial.shape == (SIZE[0], 4, *SIZE[2:])


@pytest.mark.parametrize("forward", ARRAYS)
def test_an_array_of_numpy_gives_the_sizes_that_numpy_gives(forward):
    check(text("None", forward))


CHANGED = ["np.random.shuffle(d)", "d.sort()", "d[:2] = 3", "d[d > 1] = 3", "d[:2] += 3", "e[0][1] = 3"]


@pytest.mark.parametrize("changes", CHANGED)
def test_an_array_that_the_code_changes_is_open_and_not_taken_as_it_was(changes):
    forward = f"d = np.array([0, 0, 4])\ne = np.zeros((2, 2), dtype=int)\n{changes}\n"
    forward += f"return nn.Conv2d(12, int({'e[0, 1]' if changes.startswith('e') else 'd[0]'}), 1)(x)"
    assert try_class(read_paste(text("None", forward).encode(), "x.py"), "X", {}, [SIZE]).state == UNKNOWN


def test_a_number_of_numpy_that_grows_without_end_is_open():
    forward = "d = np.array([3])\nfor i in range(90):\n    d = d * d\nreturn nn.Conv2d(12, int(d[0]), 1)(x)"
    assert try_class(read_paste(text("None", forward).encode(), "x.py"), "X", {}, [SIZE]).state == UNKNOWN


@pytest.mark.parametrize(
    "unknown",
    ["{**made()}['a']", "dict(made())['a']", "dict([made()])['a']", "set([[made()]])", "next(made())", "f(**made())"],
)
def test_what_an_unknown_function_gives_is_open_wherever_it_stands(unknown):
    forward = f"from package import made\ndef f(a):\n    return a\nreturn x[:, : {unknown}]"
    assert try_class(read_paste(text("None", forward).encode(), "x.py"), "X", {}, [SIZE]).state == UNKNOWN


OF_THE_COMPUTER = [
    "torch.__version__ >= '2.0'",
    "int(torch.__version__.split('.')[0]) > 1",
    "tuple(map(int, torch.__version__.split('.')[:2])) >= (1, 8)",
    "sys.version_info >= (3, 8)",
    "sys.platform == 'win32'",
    "torch.cuda.is_available()",
]


@pytest.mark.parametrize("question", OF_THE_COMPUTER)
def test_what_only_the_computer_knows_is_open(question):
    forward = f"import sys\nreturn x[:, :3] if {question} else x.view(7, 7)"
    assert try_class(read_paste(text("None", forward).encode(), "x.py"), "X", {}, [SIZE]).state == UNKNOWN


FILE = """from dataclasses import dataclass, field
from typing import ClassVar, NamedTuple


@dataclass
class Options:
    ratio: int = 4
    steps: list = field(default_factory=lambda: [1, 2])
    name: ClassVar[str] = "options"
    total: int = field(default=0)

    def __post_init__(self):
        self.total = self.ratio * 2


@dataclass(repr=False)
class More(Options):
    last: int = 3


class Pair(NamedTuple):
    a: int
    b: int = 2


LAYERS = {"a": 3}
LAYERS["b"] = 5
LAYERS.update(c=6)
SIZES = []
SIZES.append(4)
SIZES.extend([2, 3])


"""
OF_FILE = [
    "return x[:, : Options().ratio]",
    "return x[:, : Options(ratio=3).ratio + Options().steps[1]]",
    "return x[:, : Options(5).total]",
    "return x[:, : Options(foo=5).total]",
    "return x[:, : More(5, [1], 0, 6).last]",
    "return x[:, : More().last]",
    "return x[:, : Pair(3).a + Pair(3).b]",
    "return x[:, : Pair().a]",
    "return x[:, : LAYERS['a'] + LAYERS['b']]",
    "return x[:, : LAYERS['c'] if 'c' in LAYERS else 1]",
    "return x[:, : sum(SIZES)]",
    "return x[:, : SIZES[1]]",
    "return x[:, : SIZES[7]]",
]


@pytest.mark.parametrize("forward", OF_FILE)
def test_what_a_file_defines_beside_the_class_has_its_values(forward):
    code = text("None", forward)
    check(code.replace("class X(", f"{FILE}class X("))


REGISTRY = """TABLE = {}


def register(name):
    def keep(made):
        TABLE[name] = made
        return made

    return keep


@register("conv")
def make(c):
    return nn.Conv2d(c, c, 1)


"""


@pytest.mark.parametrize("read", ["TABLE['conv']", "TABLE.get('conv')", "(TABLE if 'conv' in TABLE else None)['conv']"])
def test_a_table_that_decorators_fill_is_open(read):
    code = text("None", f"return {read}(12)(x)").replace("class X(", f"{REGISTRY}class X(")
    assert try_class(read_paste(code.encode(), "x.py"), "X", {}, [SIZE]).state == UNKNOWN


def test_a_table_that_nothing_fills_has_no_more_than_it_has():
    code = text("None", "return TABLE['conv'](12)(x)").replace("class X(", "TABLE = {'c': 1}\n\n\nclass X(")
    assert try_class(read_paste(code.encode(), "x.py"), "X", {}, [SIZE]).state == FAILED


def test_a_function_that_torch_no_longer_has_is_open():
    trial = try_class(read_paste(text("None", "return torch.rfft(x, 2)").encode(), "x.py"), "X", {}, [SIZE])
    assert trial.state == UNKNOWN


@pytest.mark.parametrize(
    ("call", "channels"),
    [("6, 4, round_limit=0.0", 8), ("5, 4, round_limit=0.0", 4), ("5, 4, None", 8), ("9, 8, 16", 16), ("5, 4", 8)],
)
def test_timms_make_divisible_rounds_to_the_nearest_and_upstreams_up(call, channels):
    code = text(
        "None",
        f"from timm.models.layers import make_divisible\nreturn x[:, :1].repeat(1, make_divisible({call}), 1, 1)",
    )
    trial = try_class(read_paste(code.encode(), "x.py"), "X", {}, [SIZE])
    assert trial.shape == (SIZE[0], channels, *SIZE[2:])
