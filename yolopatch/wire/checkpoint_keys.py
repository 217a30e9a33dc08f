"""The keys of a checkpoint's entries that yolopatch reads."""

from __future__ import annotations

STAMP = "yolopatch"  # which fork wrote it: `utils/fork.py` of the workspace writes it
MODEL, EMA = "model", "ema"  # `ema` is the averaged model of a training
MODELS = (EMA, MODEL)  # upstream uses the first that is not empty
OPTIMIZER = "optimizer"
FORMAT, PACKED_FORMAT = "format", "yolopatch-packed"  # of a file that `yolopatch pack` wrote
