import math
import torch


def inner_ciou(box1, box2, ratio=0.7, xywh=True, eps=1e-7):
    if not xywh:
        x1, y1, x2, y2 = box1.chunk(4, -1)
        w1, h1 = x2 - x1, y2 - y1
        x1, y1 = (x1 + x2) / 2, (y1 + y2) / 2
        a1, b1, a2, b2 = box2.chunk(4, -1)
        w2, h2 = a2 - a1, b2 - b1
        x2, y2 = (a1 + a2) / 2, (b1 + b2) / 2
    else:
        (x1, y1, w1, h1), (x2, y2, w2, h2) = box1.chunk(4, -1), box2.chunk(4, -1)
    w1_, h1_, w2_, h2_ = w1 / 2 * ratio, h1 / 2 * ratio, w2 / 2 * ratio, h2 / 2 * ratio
    inter = (torch.min(x1 + w1_, x2 + w2_) - torch.max(x1 - w1_, x2 - w2_)).clamp(0) * (
        torch.min(y1 + h1_, y2 + h2_) - torch.max(y1 - h1_, y2 - h2_)
    ).clamp(0)
    union = w1 * ratio * h1 * ratio + w2 * ratio * h2 * ratio - inter + eps
    return inter / union
