import torch
from ultralytics.utils.metrics import bbox_iou


def alpha_iou(box1, box2, alpha=3.0):
    iou = bbox_iou(box1, box2, xywh=False, CIoU=True)
    return torch.pow(iou.clamp(min=1e-6), alpha)
