"""A Ray cluster: its nodes, and tasks in it that send messages as they go."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Any

_ENDING = 10.0  # seconds for tasks to end after they were cancelled
_NODE_ID = "ray.io/node-id"  # a label that Ray gives every node


@dataclass(frozen=True)
class Node:
    """A living node: its id, its host, and the CPUs and GPUs that it offers."""

    id: str
    host: str
    cpus: float
    gpus: float


@dataclass(frozen=True)
class Need:
    """What one run asks a node for; parts of a GPU are allowed."""

    cpus: float
    gpus: float

    def fits(self, node: Node) -> int:
        """Return how many runs a node has room for when it does nothing else."""
        pairs = ((node.cpus, self.cpus), (node.gpus, self.gpus))
        # ten tenths of a GPU are one, whatever floats say
        return min((math.floor(there / asked + 1e-9) for there, asked in pairs if asked), default=0)


@dataclass(frozen=True)
class Gone:
    """A task ended without its last message: its process, its node, or its end; and why."""

    why: str


class TaskError(Exception):
    """A task raised: a bug in what it runs."""


class RayCluster:
    """A cluster that this process is connected with.

    Args:
        ray: the package.
    """

    def __init__(self, ray: Any) -> None:
        self._ray = ray

    def nodes(self) -> list[Node]:
        """Return the living nodes."""
        return [
            Node(
                one["NodeID"],
                one["NodeManagerHostname"],
                one["Resources"].get("CPU", 0.0),
                one["Resources"].get("GPU", 0.0),
            )
            for one in self._ray.nodes()
            if one["Alive"]
        ]

    def send_by_value(self, module: ModuleType) -> None:
        """Let the functions of a module travel with their code: a node may not have yolopatch, or another one."""
        self._ray.cloudpickle.register_pickle_by_value(module)

    def share(self, content: object) -> object:
        """Put something into the object store, once for all tasks."""
        return self._ray.put(content)

    def ask_each(
        self, nodes: Sequence[Node], function: Callable[..., Any], arguments: Sequence[object], seconds: float
    ) -> list[Any]:
        """Run a function on each of these nodes, and return the answers; a Gone for a node that gives none.

        Args:
            nodes, function, arguments: what runs where.
            seconds: how long to wait for all of them.
        """
        strategy = self._ray.util.scheduling_strategies.NodeAffinitySchedulingStrategy
        task = self._ray.remote(function)
        asked = [
            task.options(num_cpus=0, max_retries=0, scheduling_strategy=strategy(node.id, soft=False)).remote(
                *arguments
            )
            for node in nodes
        ]
        end = time.monotonic() + seconds
        return [self._answer(one, max(0.0, end - time.monotonic())) for one in asked]

    def _answer(self, asked: Any, seconds: float) -> Any:
        try:
            return self._ray.get(asked, timeout=seconds)
        except self._ray.exceptions.RayError as error:
            return Gone(_reason(error))

    def start(
        self, function: Callable[..., Any], arguments: Sequence[object], need: Need, without: Collection[str]
    ) -> Any:
        """Start a generator function in a process of its own, when a node has room, and return the stream of it.

        Args:
            function, arguments: what runs.
            need: what it takes of a node.
            without: ids of nodes on which it must not run.
        """
        task = self._ray.remote(max_calls=1)(function)  # what it changes in its process is of no other run
        options: dict[str, Any] = {"label_selector": {_NODE_ID: f"!in({','.join(sorted(without))})"}} if without else {}
        return task.options(
            num_cpus=need.cpus,
            num_gpus=need.gpus,
            max_retries=0,  # the scheduler takes a lost run up again, from its checkpoint
            num_returns="streaming",
            **options,
        ).remote(*arguments)

    def next(self, streams: Sequence[Any], seconds: float) -> tuple[Any, Any] | None:
        """Return a stream and its next message, or its Gone; None if there is none within these seconds.

        Raises:
            TaskError: what runs there has a bug.
        """
        if not streams:
            time.sleep(seconds)
            return None
        ready, _ = self._ray.wait(list(streams), num_returns=1, timeout=seconds)
        return (ready[0], self._message(ready[0])) if ready else None

    def _message(self, stream: Any) -> Any:
        try:
            return self._ray.get(next(stream))
        except StopIteration:
            return Gone("it ended without a result")
        except self._ray.exceptions.RayTaskError as error:
            raise TaskError(str(error)) from error
        except self._ray.exceptions.RayError as error:
            return Gone(_reason(error))

    def cancel(self, stream: Any) -> None:
        """End a task at once, with all that it has started; its last message is a Gone."""
        self._ray.cancel(stream, force=True)

    def end(self, streams: Sequence[Any]) -> None:
        """End these tasks at once, and wait for that."""
        for stream in streams:
            self.cancel(stream)
        end = time.monotonic() + _ENDING
        left = list(streams)
        while left and time.monotonic() < end:
            found = self.next(left, 0.2)
            if found and isinstance(found[1], Gone):
                left.remove(found[0])


def _reason(error: Exception) -> str:
    """Return what happened, in Ray's first sentence."""
    said = " ".join(str(error).split())
    return f"{type(error).__name__}: {said.partition('. ')[0][:200]}".rstrip(": ")
