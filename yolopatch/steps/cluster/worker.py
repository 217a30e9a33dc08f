"""What a node does for a run: build, train in a child process, and send back what is new."""

from __future__ import annotations

import os
import pickle
import platform
import queue
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from yolopatch.catalog.environment.fix_patches import COMPAT
from yolopatch.core.training.run import Run
from yolopatch.errors import YolopatchError
from yolopatch.outside.source.store import cache_dir
from yolopatch.steps.cluster.build import Built, build, take_catalog
from yolopatch.steps.cluster.homeward import Homeward
from yolopatch.steps.cluster.look import find_setup
from yolopatch.steps.cluster.node_folder import NodeFolder
from yolopatch.steps.cluster.reading import FirstReading
from yolopatch.steps.cluster.recipe import At, Kept, Message, Recipe, Refused, Shared, Trained, Unfit
from yolopatch.steps.cluster.tracking import take_variables
from yolopatch.steps.training.place import RESULTS
from yolopatch.steps.training.train import train

_RAYS = "OMP_NUM_THREADS"  # Ray sets it for its tasks by the CPUs that they asked for, and upstream would obey
Send = Callable[[Message], None]


def train_here(recipe: bytes, shared: Mapping[str, Mapping[str, bytes]]) -> Iterator[Message]:
    """Train a run on this node; the last message is Trained, Refused or Unfit.

    Args:
        recipe: a pickled `Recipe`.
        shared: the fields of a `Shared`.
    """
    os.environ.pop(_RAYS, None)
    return messages_of(pickle.loads(recipe), Shared(**shared), cache_dir())


def messages_of(recipe: Recipe, shared: Shared, cache: Path) -> Iterator[Message]:
    """Train a run, as `train_here`; the training works in a thread, so that its messages go out while it does.

    Args:
        recipe, shared: what was sent.
        cache: the cache folder of this node.
    """
    messages: queue.Queue[Message | BaseException | None] = queue.Queue()

    def work() -> None:
        try:
            _work(recipe, shared, cache, messages.put)
        except BaseException as error:  # raised where the messages are heard
            messages.put(error)
        messages.put(None)

    threading.Thread(target=work, name=recipe.id, daemon=True).start()
    while (message := messages.get()) is not None:
        if isinstance(message, BaseException):
            raise message
        yield message


def _work(recipe: Recipe, shared: Shared, cache: Path, send: Send) -> None:
    host, node = platform.node(), NodeFolder.of(cache)
    try:
        with node.run() as folder:
            take_catalog(shared.catalog, folder / "catalog")
            if recipe.tracker:
                take_variables(recipe.tracker, folder)
            unfit = _unfit(recipe, host)
            if unfit:
                send(unfit)
                return
            built = build(recipe, shared, node, folder, cache, host)
            _train(recipe, built, node, host, send)
    except YolopatchError as error:
        send(Refused(error.what, (f"on {host}", *error.details), error.hint))
    except OSError as error:  # a full disk, or no more processes
        send(Refused(f"{host}: {error}", (), "free the node's disk and memory, and repeat the command"))


def _unfit(recipe: Recipe, host: str) -> Unfit | None:
    """Return why this node cannot train runs of this grid; it may have joined after the others were looked at."""
    try:
        setup = find_setup(recipe.pin, COMPAT.name in recipe.fix_patches, recipe.python, recipe.tracker)
    except YolopatchError as error:
        return Unfit(f"{host}: {error.what}")
    if recipe.setup in (None, setup):
        return None
    return Unfit(f"{host} has another environment: {setup.words}")


def _train(recipe: Recipe, built: Built, node: NodeFolder, host: str, send: Send) -> None:
    back = Homeward(built.place, recipe.home, recipe.every, built.training.tracking)
    attempt = len(recipe.run.attempts) + 1
    run = replace(recipe.run, save_dir=str(built.training.folder / RESULTS))
    reading = FirstReading(None if recipe.data.is_sent else node.read_mark(recipe.data.sha256))

    def check() -> None:
        files = back.checkpoint()
        if files:
            send(files)

    def keep(now: Run) -> None:
        # trained it is for its asker when its files are there, too: whoever is killed before them has to go on
        send(Kept(back.record(replace(now, trained=False))))

    def progress(epoch: int, map50: float | None) -> None:
        if epoch > 1:
            reading.end()
        send(At(epoch, map50))

    try:
        with reading.alone():
            trained = train(built.training, run, keep, progress, check)
    except YolopatchError as error:
        send(back.all(attempt))
        send(back.refused(error, host))
        return
    send(back.all(attempt))
    send(Trained(back.record(trained)))
