"""The thresholds of the checks, each with its reason. Distances are relative (see tensors.distance)."""

from __future__ import annotations

# Two float32 runs of one function differ by less, as sums have another order; wrong folds and exports by 0.1 or more.
SAME_FUNCTION = 1e-4

# `input-dependence`: a channel that changes by less, relative to its size, is the same for every image. Float32 noise
# is about 1e-6; the smallest change of any layer, ours or upstream's, is about 1.
SAME_FOR_EVERY_IMAGE = 1e-5

# `flops`: upstream's GFLOPs against the true ones. It counts norms as well, 0.5 to 2 % of its own models.
SAME_FLOPS = 0.01

# `learns`: the smallest number of steps, and AdamW's learning rate, after which the loss of every model, ours and
# upstream's, n to l, on a batch of 2 is lower by more than noise: by 10% (YOLOv5n) to 60%. One or two steps may raise
# it, by up to 9%.
LEARNING_STEPS = 6
LEARNING_RATE = 0.002
LEAST_LEARNT = 0.03

# `torchscript`, `onnx`: outputs of the exported, fused model, relative to each channel. 1e-4 at n; the sigmoid of
# onnxruntime has an error of 8e-4. A value that the trace keeps causes an error of about 1.
SAME_EXPORT = 2e-3

# Smaller scores are alike: upstream validates from 1e-3 on, and onnxruntime's sigmoid is off by 1e-7 near zero.
LEAST_SCORE = 3e-4

# `torchscript`, `onnx`: a deep untrained model amplifies rounding (yolo11l: to 8e-3; yolov8x with SPConv in every
# block: to 0.1). So outputs may differ by EXPORT_ROUNDINGS times as much as the model's own outputs change for an image
# that is changed by EXPORT_NOISE of itself; measured: up to 2 times. Above BLIND_EXPORT a comparison means nothing.
EXPORT_NOISE = 1e-6
EXPORT_ROUNDINGS = 4
BLIND_EXPORT = 0.3

# `precision`: one layer in bf16, or stored as float16, against itself in float32 on the same input: the relative root
# mean square of the error. bf16 keeps 8 bits, so a layer of several convolutions has at most 0.024; float16 storage has
# 0.0015, and 0.021 if a kernel is quantised at every forward, because some weights move to the next level.
LOW_PRECISION = 0.1

# `inert`: a layer's output in eval and while it trains, for one input, whose statistics its BatchNorms have: the root
# mean square of the difference, relative to the larger. The statistics of two values differ by up to 0.3; what is left
# out or multiplied in one of the modes alone makes 0.5 and more.
OTHER_IN_EVAL = 0.5

# `head`: the centres of an untrained head's boxes, from the first to the last, relative to the image's side. Upstream's
# own heads reach 0.9 or more at 128 pixels; a head whose strides were never set 0, one with stride 1 0.12.
BOXES_COVER = 0.5

# `head`: the boxes and the scores of a prediction beside those that upstream's loss reads in the same maps: boxes as
# parts of the image's side, scores as they are. Upstream's own heads differ by rounding, 1e-6 of each.
SAME_BOXES = 1e-3
SAME_SCORES = 1e-3

# `head`: the mean score of an untrained head. Upstream's biases give 0.02 or less, a focal loss's usual prior is 0.01,
# a head whose biases are zero gives 0.5.
UNTRAINED_SCORE = 0.1

# `loss`: upstream's loss and its gradient at fixed outputs, relative; one thread computes both in one order, so that
# the same formula gives the same bits, and one that is written in another way differs by rounding, about 1e-7.
SAME_LOSS = 1e-5
