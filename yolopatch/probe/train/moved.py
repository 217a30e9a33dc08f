"""Go on with a run that was begun in another place: its checkpoint names the paths of there."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Any

from ..upstreams.upstream import Upstream


def go_on_here_ultralytics(upstream: Upstream, paths: Mapping[str, str]) -> None:
    """Give upstream's trainer these paths after it has read its arguments from the checkpoint."""
    trainer = importlib.import_module("ultralytics.engine.trainer").BaseTrainer
    original = trainer.check_resume

    def check_resume(self: Any, *arguments: Any, **named: Any) -> None:
        original(self, *arguments, **named)
        for name, path in paths.items():
            setattr(self.args, name, path)

    trainer.check_resume = check_resume


def go_on_here_yolov5(upstream: Upstream, paths: Mapping[str, str]) -> None:
    """Give upstream's training function these paths after its options were read from beside the checkpoint."""
    module = importlib.import_module(f"{upstream.prefix}train")
    original = module.train

    def train(hyp: Any, opt: Any, *others: Any) -> Any:
        for name, path in paths.items():
            setattr(opt, name, path)
        return original(paths.get("hyp", hyp), opt, *others)

    setattr(module, "train", train)  # noqa: B010  a module has no declared attributes


HERE = {"ultralytics": go_on_here_ultralytics, "yolov5": go_on_here_yolov5}
