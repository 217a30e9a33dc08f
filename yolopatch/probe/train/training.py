"""Run a workspace's training script in this process, and tell where upstream writes its results."""

import importlib
import runpy
import sys
from pathlib import Path

import torch

from ...wire.training import Resumed, SavesTo, TrainingEnded
from .arrival import watch_ultralytics, watch_yolov5


def train(upstream, request, emit):
    """Train, or go on from a checkpoint.

    Args:
        upstream: see upstreams.
        request: with no checkpoint to go on from, or none that can be read, training starts anew.
        emit: takes Resumed; SavesTo once upstream has made the folder; Arrived at the first step with start weights;
            and TrainingEnded.
    """
    found = _readable(request.checkpoints)
    emit(Resumed(found["file"] if found else None))
    if found and found["epoch"] == -1:
        emit(SavesTo(str(Path(found["file"]).parent.parent)))  # upstream stripped it: training was at its end
    else:
        _ANNOUNCERS[upstream.style](upstream, emit)
        if request.init and not found:
            _WATCHERS[upstream.style](upstream, request.init, emit)
        words = [f"resume={found['file']}"] if found else request.words
        _run(request.script, words)
    emit(TrainingEnded())


def _readable(files):
    """Return the first checkpoint that is whole: one may have been cut short by what ended the run before."""
    for file in files:
        try:
            # it is this run's own, and holds a whole model
            epoch = torch.load(file, map_location="cpu", weights_only=False)["epoch"]
        except Exception as error:  # whatever unpickling half a file raises
            print(f"{file} cannot be read: {error}")
        else:
            return {"file": file, "epoch": epoch}
    return None


def _run(script, words):
    sys.argv = [script, *words]
    runpy.run_path(script, run_name="__main__")


def _announce_ultralytics(upstream, emit):
    callbacks = importlib.import_module("ultralytics.utils.callbacks.base").default_callbacks
    callbacks["on_pretrain_routine_start"].append(lambda trainer: emit(SavesTo(str(trainer.save_dir))))


def _announce_yolov5(upstream, emit):
    module = importlib.import_module(f"{upstream.prefix}train")
    original = module.train

    def announced(hyp, opt, *others):
        emit(SavesTo(str(Path(opt.save_dir).absolute())))
        return original(hyp, opt, *others)

    module.train = announced


_WATCHERS = {"ultralytics": watch_ultralytics, "yolov5": watch_yolov5}
_ANNOUNCERS = {"ultralytics": _announce_ultralytics, "yolov5": _announce_yolov5}
