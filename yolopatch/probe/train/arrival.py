"""Whether a trainer really begins with the checkpoint that it was given: its tensors at the first step.

Upstream's trainers build a model anew from its YAML and load into it what fits; what does not is lost in silence.
"""

import hashlib
import importlib

from ...wire.training import Arrived
from ..checkpoint.stored import read_stored

_FITTED = ("anchors",)  # v6.1 fits them to the data before training, whatever they were


def compare_arrived(model, file):
    """Return how many tensors of a checkpoint a model holds, and which differ.

    Compared by their hashes, in float32, or rounded to float16: v6.1 rounds every weight before it trains.
    """
    stored, found = read_stored(file).state, model.state_dict()
    wanted = {name: tensor for name, tensor in stored.items() if name.rpartition(".")[2] not in _FITTED}
    differing = [name for name, tensor in wanted.items() if name not in found or not _same(found[name], tensor)]
    return Arrived(len(wanted), len(wanted) - len(differing), differing)


def _same(found, tensor):
    return _digest(found) in (_digest(tensor), _digest(tensor.half() if tensor.is_floating_point() else tensor))


def _digest(tensor):
    values = tensor.detach().cpu()
    values = values.float() if values.is_floating_point() else values
    return tuple(values.shape), hashlib.sha256(values.contiguous().numpy().tobytes()).hexdigest()


def watch_ultralytics(upstream, file, emit):
    """Have Arrived said before the first batch goes through the model."""
    callbacks = importlib.import_module("ultralytics.utils.callbacks.base").default_callbacks
    told = []

    def tell(trainer):
        if not told:
            told.append(True)
            emit(compare_arrived(getattr(trainer.model, "module", trainer.model), file))

    callbacks["on_train_batch_start"].append(tell)


def watch_yolov5(upstream, file, emit):
    """Have Arrived said where v6.1 makes its loss, the last thing before the first batch."""
    module = importlib.import_module(f"{upstream.prefix}train")
    original = module.ComputeLoss

    def told(model, *others):
        emit(compare_arrived(getattr(model, "module", model), file))
        module.ComputeLoss = original
        return original(model, *others)

    module.ComputeLoss = told
