"""Save a model as upstream's trainer does, and load it as upstream's own code does. Local files only."""

import importlib
from copy import deepcopy
from datetime import datetime

import torch


def save_as_upstream(upstream, model, file):
    """Write the checkpoint that upstream's trainer writes: a copy of the model in float16, and what belongs to it.

    Args:
        upstream: see upstreams.
        model: a built model.
        file: a path that ends in `.pt`; any other ending is refused when it is loaded.
    """
    half = deepcopy(model).half()
    common = {"epoch": 0, "best_fitness": 0.0, "updates": 0, "optimizer": None, "date": datetime.now().isoformat()}
    if upstream.style == "ultralytics":
        torch.save({**common, "model": None, "ema": half, "train_args": {}, "train_metrics": {}}, file)
    else:
        torch.save({**common, "model": half, "ema": None, "wandb_id": None}, file)


def load_as_upstream(upstream, file, device):
    """Load a checkpoint by upstream's own function and return its model, unfused, in float32, in eval.

    The function is `attempt_load_one_weight` (8.2, 8.3), `load_checkpoint` (8.4) or `attempt_load` (v6.1).
    """
    if upstream.style == "ultralytics":
        load = getattr(upstream.tasks, "load_checkpoint", None) or upstream.tasks.attempt_load_one_weight
        return load(str(file), device=device)[0]
    experimental = importlib.import_module(f"{upstream.prefix}models.experimental")
    return experimental.attempt_load(str(file), map_location=device, fuse=False)
