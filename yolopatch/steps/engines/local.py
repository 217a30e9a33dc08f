"""The engine of this machine: each run is a child process, on a GPU of its own where there are GPUs."""

from __future__ import annotations

import os
import queue
import threading
from collections.abc import Sequence
from dataclasses import replace

from yolopatch.core.environment.device import VISIBLE_GPUS, upstreams_threads
from yolopatch.errors import YolopatchError
from yolopatch.outside.child.memory import most_memory
from yolopatch.steps.engines.engine import Ended, Event, Failed, Job, Keep, Reached, refused
from yolopatch.steps.training.train import train

_MEMORY = 4 * 2**30  # bytes; a training of a small model on a CPU, with its loaders, holds 2 to 3 GiB


def local_slots(gpus: int, workers: int | None) -> int:
    """Return how many runs this machine can have at once.

    Args:
        gpus: how many GPUs the runs may use; 0 for the CPU.
        workers: what the user asked for, None for as many as GPUs, or as cores and memory allow.
    """
    if gpus:
        return min(gpus, workers or gpus)
    if workers:
        return workers
    cores = os.cpu_count() or 1
    memory = most_memory()
    by_memory = memory // _MEMORY if memory else cores
    return max(1, min(cores // upstreams_threads(cores), by_memory))


class _Stopped(Exception):
    """The engine was closed: the run's process is ended, and its record says where it goes on."""


class LocalEngine:
    """Runs in child processes of this one.

    Args:
        slots: how many at once.
        keep: keeps the record of a run.
        gpus: the GPUs, as CUDA_VISIBLE_DEVICES names them; empty for the CPU.
    """

    shares_data = True

    def __init__(self, slots: int, keep: Keep, gpus: Sequence[str] = ()) -> None:
        self.slots = slots
        self._keep = keep
        self._free = list(gpus)
        self._has_gpus = bool(gpus)
        self._events: queue.Queue[Event | Exception] = queue.Queue()
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []

    def start(self, job: Job) -> None:
        """Begin a run."""
        self._threads = [thread for thread in self._threads if thread.is_alive()]
        gpu = self._free.pop() if self._has_gpus else None
        thread = threading.Thread(target=self._work, args=(job, gpu), name=job.id, daemon=True)
        self._threads.append(thread)
        thread.start()

    def next(self, seconds: float) -> Event | None:
        """Return the next event; None if there is none within these seconds."""
        try:
            event = self._events.get(timeout=seconds)
        except queue.Empty:
            return None
        if isinstance(event, Exception):
            raise event
        return event

    def close(self) -> None:
        """End every run that is still on."""
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _work(self, job: Job, gpu: str | None) -> None:
        event: Event | Exception | None = None
        try:
            event = self._trained(job, gpu)
        except _Stopped:
            pass
        except Exception as error:  # a bug: it is raised where the events are heard
            event = error
        finally:
            # before the event: whoever hears it may start the next run
            if gpu is not None:
                self._free.append(gpu)
        if event is not None:
            self._events.put(event)

    def _trained(self, job: Job, gpu: str | None) -> Event:
        training = job.training if gpu is None else replace(job.training, variables={VISIBLE_GPUS: gpu})
        try:
            run = train(
                training,
                job.run,
                lambda run: self._keep(job.id, run),
                lambda epoch, map50: self._events.put(Reached(job.id, epoch, job.training.epochs, map50)),
                self._check,
            )
        except YolopatchError as error:
            return refused(job.id, error.what, error.details, error.hint)
        except OSError as error:  # a full disk, or no more processes: the other runs go on
            return Failed(job.id, str(error))
        return Ended(job.id, run)

    def _check(self) -> None:
        if self._stop.is_set():
            raise _Stopped
