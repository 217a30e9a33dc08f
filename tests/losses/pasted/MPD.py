import torch


class MPD:
    def __init__(self, eps=1e-7):
        self.eps = eps

    def __call__(self, pred, target, img_w=None, img_h=None):
        x1, y1, x2, y2 = pred.unbind(-1)
        a1, b1, a2, b2 = target.unbind(-1)
        inter = (torch.minimum(x2, a2) - torch.maximum(x1, a1)).clamp(0) * (torch.minimum(y2, b2) - torch.maximum(y1, b1)).clamp(0)
        union = (x2 - x1) * (y2 - y1) + (a2 - a1) * (b2 - b1) - inter + self.eps
        d1 = (x1 - a1) ** 2 + (y1 - b1) ** 2
        d2 = (x2 - a2) ** 2 + (y2 - b2) ** 2
        diag = img_w ** 2 + img_h ** 2
        return 1 - inter / union + d1 / diag + d2 / diag
