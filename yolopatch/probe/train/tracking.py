"""Let upstream's callback for a tracker show this run under its own name, and find out before training if it cannot.

Upstream gives trackers its `project` and `name`, here a whole path and `results`. But it takes a run that is already
there, so the run is begun here. What upstream only warns of, that nothing is tracked, ends the training at its start.
"""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from ...wire.training import Tracked
from ..upstreams.upstream import Upstream
from .random_state import keep_random_state

_PACKAGES = {
    "tensorboard": "torch.utils.tensorboard",
    "wandb": "wandb",
    "mlflow": "mlflow",
    "clearml": "clearml",
    "comet": "comet_ml",
}
_CALLBACKS = "ultralytics.utils.callbacks"
_FILES = {"wandb": "wb"}  # of upstream's callbacks, where the name is another


def track(upstream: Upstream, tracked: Tracked) -> None:
    """Track the training that will be started in this process.

    Raises:
        ImportError: the tracker's package cannot be imported; upstream would train without it.
        RuntimeError: upstream will not use it.
    """
    importlib.import_module(_PACKAGES[tracked.tracker])
    _STYLES[upstream.style](upstream, tracked)


def _track_ultralytics(upstream: Upstream, tracked: Tracked) -> None:
    if not _callback(tracked).callbacks:
        raise RuntimeError(
            f"upstream has switched {tracked.tracker} off: it does so in its settings, in tests and in GitHub Actions"
        )
    if tracked.tracker in _MENDED:
        _MENDED[tracked.tracker](_callback(tracked))
    callbacks = importlib.import_module(f"{_CALLBACKS}.base").default_callbacks
    begin, confirm = _ULTRALYTICS[tracked.tracker]
    # those of upstream's trackers are called after these
    callbacks["on_pretrain_routine_start"].append(
        _seeded(lambda trainer: begin(trainer.args, trainer.save_dir, tracked))
    )
    callbacks["on_train_start"].append(_seeded(lambda trainer: confirm(tracked)))
    upstreams = _callback(tracked).callbacks
    upstreams.update({event: _seeded(function) for event, function in upstreams.items()})


def _seeded(function: Callable[[Any], None]) -> Callable[[Any], None]:
    """Return a callback that leaves the random numbers as they were.

    Trackers draw from the generators that upstream has just seeded, and ClearML seeds them itself with a constant:
    a run would have other batches than without a tracker, or every seed the same ones.
    """

    def callback(subject: Any) -> None:
        with keep_random_state():
            function(subject)

    return callback


def _track_yolov5(upstream: Upstream, tracked: Tracked) -> None:
    module = importlib.import_module(f"{upstream.prefix}train")
    loggers = importlib.import_module(f"{upstream.prefix}utils.loggers")
    if tracked.tracker == "wandb":
        _require_login(loggers)
    else:
        _write_at_once(loggers)
    begin, original = _YOLOV5[tracked.tracker], module.train

    def train(hyp: Any, opt: Any, *others: Any) -> Any:
        begin(opt, opt.save_dir, tracked)
        return original(hyp, opt, *others)

    setattr(module, "train", train)  # noqa: B010  a module has no declared attributes


def _require_login(loggers: Any) -> None:
    """Check that yolov5 will use W&B: it does not after a `wandb.login` that fails, as it does offline, too."""
    if loggers.wandb is None:
        if os.environ.get("WANDB_MODE") not in ("offline", "dryrun"):
            raise RuntimeError("upstream does not use wandb: its `wandb.login` has found no key (WANDB_API_KEY)")
        setattr(loggers, "wandb", importlib.import_module("wandb"))  # noqa: B010  a module has no declared attributes


def _callback(tracked: Tracked) -> Any:
    return importlib.import_module(f"{_CALLBACKS}.{_FILES.get(tracked.tracker, tracked.tracker)}")


def _require(begun: object, tracked: Tracked) -> None:
    if not begun:
        raise RuntimeError(f"{tracked.tracker} does not track this run; upstream's warning in the run's log says why")


def _write_tags(args: Any, folder: str | Path, tracked: Tracked) -> None:
    """Write the tags as a text into the folder of TensorBoard's events, which has no tags."""
    writer = importlib.import_module("torch.utils.tensorboard").SummaryWriter(str(folder))
    rows = [f"| {key} | {value} |" for key, value in tracked.tags.items()]
    writer.add_text("tags", "\n".join(["| tag | |", "|---|---|", *rows]))
    writer.close()


def _write_at_once(module: Any) -> None:
    """Let TensorBoard write what it is told within a second: of a training that is killed, it is what there is.

    By itself it keeps two minutes of it, and a run that goes on from its checkpoint does not tell them again.

    Args:
        module: upstream's, which makes the writer.
    """
    setattr(module, "SummaryWriter", partial(module.SummaryWriter, flush_secs=1))  # noqa: B010  a module


def _begin_wandb(args: Any, folder: str | Path, tracked: Tracked) -> None:
    # project, name, group and tags are in the environment variables
    importlib.import_module("wandb").init(config=dict(vars(args)))


def _mend_the_end(callback: Any, is_known: Callable[[Any], bool], finish: Callable[[], object]) -> None:
    """Let a trained run end where the last step of upstream's callback is known to fail.

    Args:
        callback: upstream's module.
        is_known: whether it fails for this trainer, whose every other value was sent by then.
        finish: finishes the tracker's run.
    """
    original = callback.callbacks["on_train_end"]

    def on_train_end(trainer: Any) -> None:
        try:
            original(trainer)
        except AttributeError:
            if not is_known(trainer):
                raise
            finish()

    callback.callbacks["on_train_end"] = on_train_end


def _mend_wandb(callback: Any) -> None:
    # until 8.3 it draws curves that a model that found nothing does not have
    _mend_the_end(
        callback,
        lambda trainer: not hasattr(trainer.validator.metrics, "curves_results"),
        lambda: importlib.import_module("wandb").finish(),
    )


def _mend_clearml(callback: Any) -> None:
    # it gives a model to a server; offline, ClearML's stand-in for the model lacks an attribute
    task = importlib.import_module("clearml").Task
    _mend_the_end(callback, lambda trainer: bool(task.is_offline()), lambda: None)


def _begin_clearml(args: Any, folder: str | Path, tracked: Tracked) -> None:
    importlib.import_module("clearml").Task.init(
        project_name=tracked.group,
        task_name=tracked.name,
        tags=tracked.words,
        reuse_last_task_id=False,
        output_uri=True,
        # upstream's callback sends models and plots itself
        auto_connect_frameworks={"pytorch": False, "matplotlib": False},
    )


def _begin_nothing(args: Any, folder: str | Path, tracked: Tracked) -> None:
    """Leave it to upstream: the environment variables say everything."""


def _confirm_tensorboard(tracked: Tracked) -> None:
    _require(_callback(tracked).WRITER, tracked)


def _confirm_wandb(tracked: Tracked) -> None:
    _require(importlib.import_module("wandb").run, tracked)


def _confirm_mlflow(tracked: Tracked) -> None:
    _require(importlib.import_module("mlflow").active_run(), tracked)


def _confirm_clearml(tracked: Tracked) -> None:
    _require(importlib.import_module("clearml").Task.current_task(), tracked)


def _confirm_comet(tracked: Tracked) -> None:
    experiment = importlib.import_module("comet_ml").get_global_experiment()
    _require(experiment, tracked)
    experiment.set_name(tracked.name)
    experiment.add_tags(tracked.words)


_Begin = Callable[[Any, "str | Path", Tracked], None]
_ULTRALYTICS: dict[str, tuple[_Begin, Callable[[Tracked], None]]] = {
    "tensorboard": (_write_tags, _confirm_tensorboard),
    "wandb": (_begin_wandb, _confirm_wandb),
    "mlflow": (_begin_nothing, _confirm_mlflow),
    "clearml": (_begin_clearml, _confirm_clearml),
    "comet": (_begin_nothing, _confirm_comet),
}
_MENDED: dict[str, Callable[[Any], None]] = {
    "tensorboard": _write_at_once,
    "wandb": _mend_wandb,
    "clearml": _mend_clearml,
}
_YOLOV5: dict[str, _Begin] = {"tensorboard": _write_tags, "wandb": _begin_wandb}
_STYLES = {"ultralytics": _track_ultralytics, "yolov5": _track_yolov5}
