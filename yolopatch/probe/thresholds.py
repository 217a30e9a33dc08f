"""Every number that a check decides by, with its reason. Distances are relative (see tensors.distance)."""

# Two float32 runs of one function in another order of sums; folds and exports that go wrong miss by a tenth or more.
SAME_FUNCTION = 1e-4

# `input-dependence`: a channel that changes by less, of its own size, is the same for every image. Float32 noise is
# about 1e-6; the least change of any layer, ours or upstream's, is about 1.
SAME_FOR_EVERY_IMAGE = 1e-5

# `flops`: upstream's GFLOPs beside the true ones. What it counts beside (norms) is 0.5 to 2 % of its own models.
SAME_FLOPS = 0.01

# `learns`: the fewest steps, and AdamW's rate, after which the loss of every model of ours and of upstream's, n to l,
# on a batch of 2 is lower than noise explains: by 10% (YOLOv5n) to 60%. One or two steps may raise it, by up to 9%.
LEARNING_STEPS = 6
LEARNING_RATE = 0.002
LEAST_LEARNT = 0.03

# `torchscript`, `onnx`: outputs of the exported, fused model, relative to each channel. 1e-4 at n; the sigmoid of
# onnxruntime is off by 8e-4. What a trace froze misses by about 1.
SAME_EXPORT = 2e-3

# `torchscript`, `onnx`: a deep untrained model amplifies rounding (yolo11l: to 8e-3; yolov8x with SPConv in every
# block: to 0.1). So where outputs differ by more, they may by this many times what the model does with an image that
# is moved by EXPORT_NOISE of itself; measured: up to 2 times. Beyond BLIND_EXPORT the comparison would tell nothing.
EXPORT_NOISE = 1e-6
EXPORT_ROUNDINGS = 4
BLIND_EXPORT = 0.3

# `precision`: one layer in bf16, or stored as float16, beside itself in float32 on the same input, in relative root
# mean square. bf16 keeps 8 bits, so a layer of several convolutions is off by 0.024 at most; float16 storage by 0.0015,
# and by 0.021 where a kernel is quantised at every forward, because some weights fall to the next level.
LOW_PRECISION = 0.1
