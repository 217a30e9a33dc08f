"""The command of a run, written again for a hint: with every option of the user's."""

from __future__ import annotations

from collections.abc import Iterator

from yolopatch.core.environment.device import upstreams_device
from yolopatch.core.reproduce.reproduction import folder_options
from yolopatch.steps.reproduce.reproduction import ReproduceRequest
from yolopatch.steps.reproduce.run_plan import RunRequest
from yolopatch.wire import shell


def run_command(asked: ReproduceRequest, run: RunRequest) -> str:
    """Return the command that makes this folder and trains this run."""
    return shell.join(["yolopatch", "reproduce", asked.tutorial, *_of_folder(asked), "--run", *_of_run(run)])


def _of_folder(asked: ReproduceRequest) -> Iterator[str]:
    usual = ReproduceRequest(asked.tutorial)
    valued = {"--source": (asked.source, usual.source), "--python": (asked.python, usual.python)}
    more = [word for option, (value, default) in valued.items() if value != default for word in (option, str(value))]
    return folder_options(asked.flavor, asked.repo, asked.fix_patches, asked.dest, more)


def _of_run(run: RunRequest) -> Iterator[str]:
    device = None if run.device is None else upstreams_device(run.device)
    valued = {
        "--data": run.data,
        "--epochs": run.epochs,
        "--device": device,
        "--scale": run.scale,
        "--weights": run.weights,
        "--tracker": run.tracker,
    }
    yield from (word for option, value in valued.items() if value is not None for word in (option, str(value)))
    yield from (f"--{switch}" for switch in ("base", "quick", "fresh") if getattr(run, switch))
    yield from (word for setting in run.settings for word in ("--set", setting))
