"""Save a model as upstream's trainer does, and load it as upstream's own code does. Local files only."""

import importlib
from copy import deepcopy
from datetime import datetime

import torch


def save_as_upstream(upstream, model, file, half=True, **content):
    """Write the checkpoint that upstream's trainer writes at its end: a copy of the model, and what belongs to it.

    Args:
        upstream: see upstreams.
        model: a built model.
        file: a path that ends in `.pt`; any other ending is refused when it is loaded.
        half: in float16, as the trainer does.
        content: what else the file is to hold, over what the trainer writes.
    """
    saved = deepcopy(model).half() if half else deepcopy(model)
    # the epoch of a training that has ended: upstream begins a new one from such a file
    common = {"epoch": -1, "best_fitness": None, "updates": None, "optimizer": None, "date": datetime.now().isoformat()}
    if upstream.style == "ultralytics":
        common.update({"model": saved, "ema": None, "train_args": {}, "train_metrics": None})
    else:
        common.update({"model": saved, "ema": None, "wandb_id": None})
    torch.save({**common, **content}, file)


def name_classes(model, names):
    """Give a model the names of its classes, a dict by number; what a file holds that is none, or empty, is left."""
    if isinstance(names, dict) and names:
        # v6.1 keeps a list, and writes what it keeps into its exports
        model.names = list(names.values()) if isinstance(model.names, list) else names


def load_as_upstream(upstream, file, device):
    """Load a checkpoint by upstream's own function and return its model, unfused, in float32, in eval.

    The function is `attempt_load_one_weight` (8.2, 8.3), `load_checkpoint` (8.4) or `attempt_load` (v6.1).
    """
    if upstream.style == "ultralytics":
        load = getattr(upstream.parser, "load_checkpoint", None) or upstream.parser.attempt_load_one_weight
        return load(str(file), device=device)[0]
    experimental = importlib.import_module(f"{upstream.prefix}models.experimental")
    return experimental.attempt_load(str(file), map_location=device, fuse=False)
