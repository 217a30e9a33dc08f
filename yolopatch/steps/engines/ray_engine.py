"""The engine of a Ray cluster: each run is a task on a node that has room, and sends back all that is to be kept."""

from __future__ import annotations

import logging
import pickle
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from yolopatch import __version__
from yolopatch.outside.cluster.ray_cluster import Gone, Need, RayCluster
from yolopatch.outside.files.folders import remove_tree
from yolopatch.outside.files.staging import write_whole
from yolopatch.steps.cluster import remote
from yolopatch.steps.cluster.recipe import (
    KEPT,
    At,
    Files,
    Kept,
    Message,
    Recipe,
    Refused,
    Shared,
    Trained,
    Unfit,
)
from yolopatch.steps.cluster.tracker_store import placed
from yolopatch.steps.engines.engine import Ended, Event, Failed, Job, Keep, Lost, Reached, refused

_log = logging.getLogger(__name__)
_FRESH = 2.0  # seconds for which the list of nodes is taken as it was


@dataclass
class _Task:
    """A run in the cluster.

    Attributes:
        job, recipe, stream: the run, and where its messages come from.
        node, host: that train it; "" before one does.
        last: what became of it. It is told when the task has ended: the node has room again, and its folder is removed.
    """

    job: Job
    recipe: Recipe
    stream: Any
    node: str = ""
    host: str = ""
    last: Event | None = None


@dataclass
class _Nodes:
    """The nodes that have room for runs; the list is asked for again when it is old."""

    cluster: RayCluster
    need: Need
    unfit: dict[str, str] = field(default_factory=dict)
    rooms: int = 0
    asked: float = float("-inf")

    def room(self) -> int:
        """Return how many runs the cluster has room for, when it does nothing else."""
        now = time.monotonic()
        if now - self.asked > _FRESH:
            before, self.asked = self.rooms, now
            self.rooms = sum(self.need.fits(node) for node in self.cluster.nodes() if node.id not in self.unfit)
            if before and not self.rooms:
                _log.info("waiting for a node: the cluster has none left with room for a run")
        return self.rooms


class RayEngine:
    """Runs in a Ray cluster.

    Args:
        cluster: that this process is connected with.
        need: what each run takes of a node.
        workers: how many runs at most at once; None for as many as the cluster has room for.
        keep: keeps the record of a run.
        recipe_of: makes the recipe of a job.
        shared: what all runs need.
    """

    def __init__(
        self,
        cluster: RayCluster,
        need: Need,
        workers: int | None,
        keep: Keep,
        recipe_of: Callable[[Job], Recipe],
        shared: Shared,
    ) -> None:
        self.shares_data = not shared.data
        self._cluster, self._need, self._workers = cluster, need, workers
        self._keep, self._recipe_of = keep, recipe_of
        self._nodes = _Nodes(cluster, need)
        self._tasks: list[_Task] = []
        cluster.send_by_value(remote)
        self._shared = cluster.share(dict(vars(shared)))

    @property
    def slots(self) -> int:
        """How many runs the cluster has room for now."""
        room = self._nodes.room()
        return min(room, self._workers) if self._workers else room

    def start(self, job: Job) -> None:
        """Begin a run, or take it up from the checkpoint that its folder has."""
        recipe = self._recipe_of(job)
        if not recipe.state:
            # begun anew, as on this machine: else a tracker shows what is left of the attempt before, too
            remove_tree(Path(recipe.home.results))
        arguments = (__version__, pickle.dumps(recipe), self._shared)
        stream = self._cluster.start(remote.work, arguments, self._need, self._nodes.unfit)
        self._tasks.append(_Task(job, recipe, stream))

    def next(self, seconds: float) -> Event | None:
        """Return the next event; None if there is none within these seconds."""
        end = time.monotonic() + seconds
        while True:
            found = self._cluster.next([task.stream for task in self._tasks], max(0.0, end - time.monotonic()))
            if found is None:
                return None
            stream, message = found
            task = next(task for task in self._tasks if task.stream == stream)
            if isinstance(message, Gone):
                self._tasks.remove(task)
                return task.last or Lost(task.job.id, f"{task.host or 'no node'}: {message.why}")
            event = self._taken(task, message)
            if isinstance(event, Reached):
                return event
            task.last = task.last or event

    def close(self) -> None:
        """End every run that is still on."""
        self._cluster.end([task.stream for task in self._tasks])
        self._tasks.clear()

    def _taken(self, task: _Task, message: Message | tuple[str | None, str]) -> Event | None:
        """Take a message of a task; return the event that it means, if it is one."""
        name = task.job.id
        if isinstance(message, tuple):
            if message[0] is None:
                return self._left_out(task, Unfit(f"{task.host}: {message[1]}"))
            task.node, task.host = message[0], message[1]
        elif isinstance(message, Kept):
            self._keep(name, message.run)
        elif isinstance(message, At):
            return Reached(name, message.epoch, task.recipe.epochs, message.map50)
        elif isinstance(message, Files):
            return self._written(task, message)
        elif isinstance(message, Trained):
            self._keep(name, message.run)
            return Ended(name, message.run)
        elif isinstance(message, Refused):
            return refused(name, message.what, message.details, message.hint)
        else:
            return self._left_out(task, message)
        return None

    def _left_out(self, task: _Task, message: Unfit) -> Lost:
        self._nodes.unfit[task.node] = message.why
        self._nodes.asked = float("-inf")
        return Lost(task.job.id, f"the node is left out: {message.why}")

    def _written(self, task: _Task, files: Files) -> Failed | None:
        home = task.recipe.home
        try:
            # the checkpoint last: from then on the run is taken up from it
            if files.store:
                _write(Path(home.store), placed(files.store, Path(home.store)))
            _write(Path(home.folder), files.others)
            _write(Path(home.results), {name: files.results[name] for name in KEPT if name in files.results})
        except OSError as error:  # a full disk here: the run ends, and can go on from what was written
            self._cluster.cancel(task.stream)
            return Failed(task.job.id, str(error))
        return None


def _write(folder: Path, files: Mapping[str, bytes]) -> None:
    for name, data in files.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        write_whole(file, data)
