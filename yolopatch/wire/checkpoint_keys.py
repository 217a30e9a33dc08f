"""The keys under which a checkpoint holds what yolopatch reads."""

from __future__ import annotations

STAMP = "yolopatch"  # which fork wrote it; the workspace's own utils/fork.py writes it
MODELS = ("ema", "model")  # upstream writes a model under one of these, and means the first that is there
