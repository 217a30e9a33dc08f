"""Save a model as upstream's trainer does, and load it as upstream's own code does. Local files only."""

from __future__ import annotations

import importlib
import os
from copy import deepcopy
from datetime import datetime
from typing import Any

import torch
import torch.nn as nn

from ...wire.checkpoint_keys import EMA, MODEL, OPTIMIZER
from ..tensors.models import UpstreamModel
from ..upstreams.upstream import Upstream


def save_as_upstream(
    upstream: Upstream, model: nn.Module, file: str | os.PathLike[str], half: bool = True, **content: Any
) -> None:
    """Write the checkpoint that upstream's trainer writes at its end: a copy of the model, and the other entries.

    Args:
        upstream: the workspace's.
        model: a built model.
        file: a path that ends in `.pt`: upstream loads no file with another ending.
        half: whether to write float16, as the trainer does.
        content: other entries; they replace the trainer's of the same key.
    """
    saved = deepcopy(model).half() if half else deepcopy(model)
    # epoch -1: the training has ended, and upstream starts a new one from such a file
    common = {"epoch": -1, "best_fitness": None, "updates": None, OPTIMIZER: None, "date": datetime.now().isoformat()}
    models = {MODEL: saved, EMA: None}
    own: dict[str, Any] = (
        {"train_args": {}, "train_metrics": None} if upstream.style == "ultralytics" else {"wandb_id": None}
    )
    torch.save({**common, **models, **own, **content}, file)


def name_classes(model: UpstreamModel, names: Any) -> None:
    """Set the names of a model's object classes from a checkpoint's; only a dict by number that is not empty counts."""
    if isinstance(names, dict) and names:
        # v6.1 keeps a list, and writes what it keeps into its exports
        model.names = list(names.values()) if isinstance(model.names, list) else names


def load_as_upstream(upstream: Upstream, file: str | os.PathLike[str], device: str | torch.device) -> UpstreamModel:
    """Load a checkpoint by upstream's own function and return its model, unfused, in float32, in eval.

    The function is `attempt_load_one_weight` (8.2, 8.3), `load_checkpoint` (8.4) or `attempt_load` (v6.1).
    """
    if upstream.style == "ultralytics":
        load = getattr(upstream.parser, "load_checkpoint", None) or upstream.parser.attempt_load_one_weight
        loaded: UpstreamModel = load(str(file), device=device)[0]
        return loaded
    experimental = importlib.import_module(f"{upstream.prefix}models.experimental")
    attempted: UpstreamModel = experimental.attempt_load(str(file), device, fuse=False)
    return attempted
