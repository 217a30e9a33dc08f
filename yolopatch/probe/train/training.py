"""Run a workspace's training script in this process, and report where upstream writes its results."""

from __future__ import annotations

import importlib
import runpy
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from ...wire.training import Resumed, SavesTo, TrainingEnded, TrainRequest
from ..protocol.emit import Emit
from ..upstreams.upstream import Upstream
from .arrival import watch_ultralytics, watch_yolov5
from .moved import HERE
from .tracking import track


def train(upstream: Upstream, request: TrainRequest, emit: Emit) -> None:
    """Train, or resume from a checkpoint.

    Args:
        upstream: the workspace's upstream.
        request: without a readable checkpoint to resume from, training starts from the beginning.
        emit: gets Resumed; SavesTo when upstream has made the folder; Arrived at the first step of a training that
            starts from a checkpoint; and TrainingEnded.
    """
    found = _readable(request.checkpoints)
    emit(Resumed(found.file if found else None))
    if found and found.epoch == -1:
        emit(SavesTo(str(Path(found.file).parent.parent)))  # upstream stripped it: the training had ended
    else:
        _ANNOUNCERS[upstream.style](upstream, emit)
        if request.init and not found:
            _WATCHERS[upstream.style](upstream, request.init, emit)
        if found:
            HERE[upstream.style](upstream, request.paths)
        if request.tracked:
            track(upstream, request.tracked)
        words = [f"resume={found.file}"] if found else request.words
        _run(request.script, words)
    emit(TrainingEnded())


@dataclass(frozen=True)
class _Readable:
    """A checkpoint that can be read, and its epoch; -1 after the end of the training."""

    file: str
    epoch: int


def _readable(files: Sequence[str]) -> _Readable | None:
    """Return the first complete checkpoint: the last one may be incomplete if the run before was killed."""
    for file in files:
        try:
            # this run wrote it, and it holds a whole model
            epoch = torch.load(file, map_location="cpu", weights_only=False)["epoch"]
        except Exception as error:  # unpickling half a file may raise anything
            print(f"{file} cannot be read: {error}")
        else:
            return _Readable(file, epoch)
    return None


def _run(script: str, words: Sequence[str]) -> None:
    sys.argv = [script, *words]
    runpy.run_path(script, run_name="__main__")


def _announce_ultralytics(upstream: Upstream, emit: Emit) -> None:
    callbacks = importlib.import_module("ultralytics.utils.callbacks.base").default_callbacks
    callbacks["on_pretrain_routine_start"].append(lambda trainer: emit(SavesTo(str(trainer.save_dir))))


def _announce_yolov5(upstream: Upstream, emit: Emit) -> None:
    module = importlib.import_module(f"{upstream.prefix}train")
    original = module.train

    def announced(hyp: Any, opt: Any, *others: Any) -> Any:
        emit(SavesTo(str(Path(opt.save_dir).absolute())))
        return original(hyp, opt, *others)

    setattr(module, "train", announced)  # noqa: B010  a module has no declared attributes


_WATCHERS = {"ultralytics": watch_ultralytics, "yolov5": watch_yolov5}
_ANNOUNCERS = {"ultralytics": _announce_ultralytics, "yolov5": _announce_yolov5}
