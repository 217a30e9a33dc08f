"""Look at every node of a cluster before anything trains: versions and environments that differ are said then."""

from __future__ import annotations

import os
import pickle
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from yolopatch import __version__
from yolopatch.catalog.environment.libraries import named_versions
from yolopatch.catalog.pins import PINS
from yolopatch.errors import YolopatchError
from yolopatch.outside.cluster.ray_cluster import Gone, Node, RayCluster
from yolopatch.outside.files.held import temporary_folder
from yolopatch.outside.source.store import cache_dir
from yolopatch.steps.cluster import remote
from yolopatch.steps.cluster.build import take_catalog
from yolopatch.steps.cluster.recipe import Setup, UsersTracker
from yolopatch.steps.cluster.tracking import require_shows
from yolopatch.steps.environment.interpreters import find_interpreter
from yolopatch.wire import shell

_PATIENCE = 180.0  # seconds: the first look at an interpreter reads every package of it
_SHOWN = 3  # hosts


@dataclass(frozen=True)
class LookRequest:
    """What a node is asked for.

    Attributes:
        pin: that is to be trained.
        compat: whether its workspaces have the compatibility patch.
        python: the interpreter that the user named; None for the one of the pin's environment.
        catalog: the files of the user's own catalog, as in `Shared`.
        paths: of a data set that the node must have.
        tracker: where the runs are shown; None for nowhere.
    """

    pin: str
    compat: bool
    python: str | None
    catalog: Mapping[str, bytes] = field(default_factory=dict)
    paths: tuple[str, ...] = ()
    tracker: UsersTracker | None = None


@dataclass(frozen=True)
class Seen:
    """What the nodes have in common, and what the user should know.

    Attributes:
        nodes: those that are still there.
        setup: the environment that trains on each of them.
        notes: for the user.
    """

    nodes: tuple[Node, ...]
    setup: Setup
    notes: tuple[str, ...]


def look_at(cluster: RayCluster, nodes: Sequence[Node], request: LookRequest, on_cpu: bool) -> Seen:
    """Ask each of these nodes what it has.

    Args:
        cluster, nodes: there is at least one.
        request: what to ask for.
        on_cpu: whether the runs are trained on CPUs.

    Raises:
        YolopatchError: a node has another yolopatch or none, cannot train, or they have different environments; or
            none of them is left; nothing was trained.
    """
    cluster.send_by_value(remote)
    answers = cluster.ask_each(nodes, remote.look, (__version__, pickle.dumps(request)), _PATIENCE)
    dead = _dead(cluster, nodes, answers)
    found = [
        {"host": node.host, "fault": f"it does not answer ({answer.why})"} if isinstance(answer, Gone) else answer
        for node, answer in zip(nodes, answers)
        if node not in dead
    ]
    _require_fit(found)
    if not found:
        raise YolopatchError(
            f"no node that has room for a run is left: {_some([node.host for node in dead])} died; nothing was trained",
            hint="add a node: ray start --address=HOST:PORT",
        )
    setups = _by_setup(found)
    if len(setups) > 1:
        lines = [f"{_some(hosts)}: {setup.words}" for setup, hosts in setups]
        raise YolopatchError(
            "the nodes have different environments, so the runs would differ in more than the grid says; "
            "nothing was trained",
            details=lines,
            hint=f"make the same one on every node: {shell.join(['yolopatch', 'env', 'create', request.pin])}",
        )
    cores = sorted({one["cores"] for one in found})
    differ = on_cpu and len(cores) > 1
    counts = " and ".join(map(str, cores))
    notes = [f"{node.host} died: the grid is trained without this node" for node in dead]
    if differ:
        threads = f"the nodes have {counts} cores, of which upstream makes threads: one run differs in its last digits"
        notes.append(threads)
    return Seen(tuple(node for node in nodes if node not in dead), setups[0][0], tuple(notes))


def _dead(cluster: RayCluster, nodes: Sequence[Node], answers: Sequence[Any]) -> list[Node]:
    """Return the nodes that gave no answer because they died: Ray goes on listing one for a while."""
    silent = [node for node, answer in zip(nodes, answers) if isinstance(answer, Gone)]
    there = {node.id for node in cluster.nodes()} if silent else set()
    return [node for node in silent if node.id not in there]


def _require_fit(found: Sequence[Mapping[str, Any]]) -> None:
    unfit = [one for one in found if one["fault"] is not None]
    if unfit:
        hint = next((one["hint"] for one in unfit if one.get("hint")), "")
        raise YolopatchError(
            f"{len(unfit)} of {len(found)} nodes cannot train this grid; nothing was trained",
            details=list(dict.fromkeys(f"{one['host']}: {one['fault']}" for one in unfit)),
            hint=hint or f'on each of them: pip install "yolopatch[ray]=={__version__}"',
        )


def _by_setup(found: Sequence[Mapping[str, Any]]) -> list[tuple[Setup, list[str]]]:
    hosts: dict[str, list[str]] = defaultdict(list)
    setups: dict[str, Setup] = {}
    for one in found:
        setup: Setup = one["setup"]
        setups[setup.words] = setup
        hosts[setup.words].append(one["host"])
    return [(setup, hosts[words]) for words, setup in setups.items()]


def _some(hosts: Sequence[str]) -> str:
    return ", ".join(hosts[:_SHOWN]) + (f" and {len(hosts) - _SHOWN} others" if len(hosts) > _SHOWN else "")


def look_here(request: bytes) -> dict[str, Any]:
    """Return what this node has for a pickled request: `setup`; or `fault` and `hint`."""
    asked: LookRequest = pickle.loads(request)
    missing = [path for path in asked.paths if not os.path.exists(path)]
    if missing:
        what = f"it does not have the data set, which is too large to be sent: there is no {missing[0]}"
        return {"fault": what, "hint": "put the data set on every node, at the same path"}
    with temporary_folder() as folder:
        try:
            take_catalog(asked.catalog, folder)
            setup = find_setup(asked.pin, asked.compat, asked.python, asked.tracker)
        except YolopatchError as error:
            return {"fault": error.what, "hint": f"on that node: {error.hint}" if error.hint else ""}
    return {"setup": setup}


def find_setup(pin: str, compat: bool, python: str | None, tracker: UsersTracker | None) -> Setup:
    """Return the environment that trains a pin on this machine, and that can show the runs in a tracker.

    Raises:
        YolopatchError: there is none.
    """
    found = find_interpreter(PINS[pin], python, cache_dir(), compat=compat)
    if tracker:
        require_shows(tracker, found)
    return Setup(found.python, named_versions(found.packages))
