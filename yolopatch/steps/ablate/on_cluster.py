"""Where a grid's runs are executed: on this machine, or on a Ray cluster."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from yolopatch.core.environment.device import CPU, upstreams_threads
from yolopatch.errors import UsageError, YolopatchError
from yolopatch.outside.cluster.connect import connected
from yolopatch.outside.cluster.ray_cluster import Need, Node, RayCluster
from yolopatch.outside.environment.interpreter import Interpreter
from yolopatch.steps.ablate.ablate import AblateRequest, Executor, LocalExecutor
from yolopatch.steps.ablate.device import Devices
from yolopatch.steps.ablate.prepare import PreparedGrid
from yolopatch.steps.ablate.recipes import EVERY, Recipes, share
from yolopatch.steps.cluster.look import LookRequest, look_at
from yolopatch.steps.cluster.tracking import login_note, require_for_nodes, users_tracker
from yolopatch.steps.engines.engine import Engine, Keep
from yolopatch.steps.engines.ray_engine import RayEngine

LOCAL, RAY = "local", "ray"


@dataclass(frozen=True)
class EngineOptions:
    """The options of the engine.

    Attributes:
        engine: LOCAL or RAY.
        address: of the cluster: `auto` or HOST:PORT; None to start Ray on this machine.
        gpus, cpus: what each run takes of a node, as `ClusterExecutor` has them.
    """

    engine: str = LOCAL
    address: str | None = None
    gpus: float | None = None
    cpus: float | None = None

    def words(self) -> list[str]:
        """Return the options that were given, as the command line has them.

        Raises:
            UsageError: an option is for another engine.
        """
        named = {"--address": self.address, "--gpus-per-run": self.gpus, "--cpus-per-run": self.cpus}
        given = {name: str(value) for name, value in named.items() if value is not None}
        if self.engine == LOCAL and given:
            raise UsageError(f"{next(iter(given))} is for --engine {RAY}", hint=f"add --engine {RAY}, or leave it out")
        return [*(["--engine", self.engine] if self.engine != LOCAL else []), *chain.from_iterable(given.items())]


@contextmanager
def executor_of(
    options: EngineOptions, request: AblateRequest, cache: Path, tell: Callable[[str], None]
) -> Iterator[Executor]:
    """Give what executes the runs.

    Args:
        options: of the engine.
        request: of the grid.
        cache: the cache folder of this machine.
        tell: called with what the user should know.

    Raises:
        UsageError: the address is none.
        YolopatchError: Ray is not installed, or the cluster cannot be reached, or has another Python or Ray; or the
            tracker would write into files that only this machine has.
    """
    if options.engine == LOCAL:
        yield LocalExecutor(request.workers)
        return
    require_for_nodes(request.tracker, options.address)
    with connected(options.address) as cluster:
        yield ClusterExecutor(
            cluster,
            cache,
            request.python,
            request.workers,
            options.gpus,
            options.cpus,
            tell,
            is_here=options.address is None,
        )


@dataclass(frozen=True)
class ClusterExecutor:
    """A Ray cluster.

    Attributes:
        cluster: that this process is connected with.
        cache: the cache folder of this machine.
        python: the interpreter that the user named; the nodes must have it, too.
        workers: how many runs at most at once; None for as many as the cluster has room for.
        gpus, cpus: what each run takes; None for one GPU where the cluster has some, and for the CPUs that upstream
            uses.
        tell: called with what the user should know.
        every: seconds between two checkpoints of a run that are sent.
        is_here: whether it was started on this machine, for this command.
    """

    cluster: RayCluster
    cache: Path
    python: str | None
    workers: int | None
    gpus: float | None
    cpus: float | None
    tell: Callable[[str], None]
    every: float = EVERY
    is_here: bool = False

    def devices(self, asked: object, interpreter: Interpreter) -> Devices:
        """Return what the runs use: a GPU of their node, the only one that they see, or the CPU.

        Raises:
            UsageError: the grid asks for a device that no run of a cluster can have.
        """
        has_gpus = any(node.gpus for node in self.cluster.nodes())
        if asked is None:
            uses_gpu = self.gpus > 0 if self.gpus is not None else has_gpus
        elif str(asked) == CPU:
            uses_gpu = False
        else:
            raise UsageError(
                f"[train] device = {asked!r}: a node decides which of its devices a run gets",
                hint='leave it out, or write device = "cpu"; --gpus-per-run says how many GPUs, or parts of one',
            )
        if not uses_gpu and self.gpus:
            raise UsageError(
                f'--gpus-per-run {self.gpus:g}, and the grid says device = "cpu"', hint="leave one of them out"
            )
        return Devices((), None if uses_gpu else CPU)

    def engine(self, grid: PreparedGrid, keep: Keep) -> Engine:
        """Return the engine of the cluster, after a look at every node that would train.

        Raises:
            YolopatchError: no node has room for a run, or they cannot train this grid.
        """
        need = self._need(on_cpu=grid.devices.argument == CPU)
        nodes = [node for node in self.cluster.nodes() if need.fits(node)]
        if not nodes:
            raise self._no_room(need)
        data, shared = share(grid, self.cache)
        paths = () if data.is_sent else tuple(path for places in data.parts.values() for path in places)
        tracker = users_tracker(grid.tracker)
        request = LookRequest(grid.plan.pin.name, grid.plan.grid.compat, self.python, shared.catalog, paths, tracker)
        seen = look_at(self.cluster, nodes, request, on_cpu=not need.gpus)
        login = () if self.is_here else login_note(tracker)
        for note in (self._words(need, seen.nodes, seen.setup.words, data.is_sent), *seen.notes, *login):
            self.tell(note)
        recipes = Recipes(grid, data, self.python, seen.setup, self.every)
        return RayEngine(self.cluster, need, self.workers, keep, recipes.of, shared)

    def _need(self, on_cpu: bool) -> Need:
        if not on_cpu:
            return Need(self.cpus if self.cpus is not None else 1, self.gpus or 1)
        smallest = min((node.cpus for node in self.cluster.nodes() if node.cpus >= 1), default=1.0)
        # what upstream takes on the smallest node, so that every node is used
        return Need(self.cpus if self.cpus is not None else upstreams_threads(int(smallest)), 0)

    def _no_room(self, need: Need) -> YolopatchError:
        asked = f"{need.cpus:g} CPUs" + (f" and {need.gpus:g} GPUs" if need.gpus else "")
        return YolopatchError(
            f"no node of the cluster has {asked}, which a run asks for; nothing was trained",
            details=[f"{node.host}: {node.cpus:g} CPUs, {node.gpus:g} GPUs" for node in self.cluster.nodes()[:8]],
            hint="ask for less with --cpus-per-run and --gpus-per-run, or add a node: ray start --address=HOST:PORT",
        )

    def _words(self, need: Need, nodes: Sequence[Node], setup: str, is_sent: bool) -> str:
        rooms = sum(need.fits(node) for node in nodes)
        at_once = min(rooms, self.workers) if self.workers else rooms
        device = f"{need.gpus:g} GPU and " if need.gpus else ""
        data = "the data are sent" if is_sent else "the nodes must have the data at the same paths"
        return (
            f"{len(nodes)} node{'s' * (len(nodes) != 1)}, {device}{need.cpus:g} CPU a run, {at_once} at once, "
            f"with {setup}; {data}"
        )
