"""Reach a Ray cluster, or start one on this machine, and say what is in the way."""

from __future__ import annotations

import importlib
import logging
import os
import platform
import socket
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from typing import Any

from yolopatch.errors import UsageError, YolopatchError
from yolopatch.outside.cluster.ray_cluster import RayCluster

AUTO = "auto"
_PORT = 6379  # Ray's own default
_PATIENCE = 5  # seconds for a port to answer
_STORE = 512 * 2**20  # bytes; for checkpoints on their way, of which Ray moves to the disk what does not fit
# Ray would send figures of its use to a server, and looks for newer wheels of itself
_QUIET = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_DISABLE_IMPORT_WARNING": "1"}
_START = f"ray start --head --port={_PORT}"


def load_ray() -> Any:
    """Return the package ray.

    Raises:
        YolopatchError: it is not installed.
    """
    for name, value in _QUIET.items():
        os.environ.setdefault(name, value)
    try:
        return importlib.import_module("ray")
    except ImportError as error:
        raise YolopatchError(
            "--engine ray needs Ray, which is not installed; nothing was trained",
            details=[str(error), "it belongs into yolopatch's own environment, here and on every node"],
            hint='pip install "yolopatch[ray]"',
        ) from error


@contextmanager
def connected(address: str | None) -> Iterator[RayCluster]:
    """Give a cluster; it is left at the end, with all that runs in it for us, and a local one is shut down.

    Args:
        address: `auto` for the cluster of this machine, HOST:PORT, or None to start one on this machine.

    Raises:
        UsageError: the address is none.
        YolopatchError: Ray is not installed, or the cluster cannot be reached, or has another Python or Ray.
    """
    ray = load_ray()
    if address not in (None, AUTO):
        _require_answer(*_host_and_port(str(address)))
    # Ray prints what its nodes report on stdout, which has our result alone; its own logs have it, too
    with open(os.devnull, "w", encoding="utf-8") as nowhere, redirect_stdout(nowhere):
        try:
            _init(ray, address)
            yield RayCluster(ray)
        finally:
            ray.shutdown()


def _init(ray: Any, address: str | None) -> None:
    local = {"object_store_memory": _STORE, "include_dashboard": False} if address is None else {}
    try:
        ray.init(
            address=address or "local",
            log_to_driver=False,
            logging_level=logging.ERROR,
            configure_logging=False,
            **local,
        )
    except Exception as error:  # Ray raises anything here, bare exceptions included; its message is kept
        raise _not_reached(ray, address, error) from error


def _not_reached(ray: Any, address: str | None, error: Exception) -> YolopatchError:
    said = " ".join(str(error).split())
    details = [said[:600], f"here: Ray {ray.__version__}, Python {platform.python_version()}"]
    if "Version mismatch" in said:
        what = f"the Ray cluster at {address} has another Ray or another Python; nothing was trained"
        hint = f"run yolopatch in an environment with the cluster's versions: pip install ray=={_cluster_ray(said)}"
    elif address is None:
        what, hint = "Ray could not be started on this machine; nothing was trained", "read its logs: ls /tmp/ray"
    elif address == AUTO:
        what, hint = "there is no Ray cluster on this machine; nothing was trained", f"start one: {_START}"
    else:
        what = f"the Ray cluster at {address} cannot be reached from this machine; nothing was trained"
        # Ray does not always say which of these it is
        details.append(
            "found: no node of it here, another token than that of its head node (~/.ray/auth_token), or something "
            "that is not Ray"
        )
        hint = f"make this machine a node, with the same token: ray start --address={address} --num-cpus=0"
    return YolopatchError(what, details=details, hint=hint)


def _cluster_ray(said: str) -> str:
    """Return the version of Ray that the cluster has, as Ray's message names it first."""
    _, _, after = said.partition("Ray: ")
    return after.split()[0].rstrip(",;") if after else "VERSION"


def _host_and_port(address: str) -> tuple[str, int]:
    host, _, port = address.rpartition(":")
    if "://" in address or not host or not port.isdigit() or not 0 < int(port) < 2**16:
        raise UsageError(
            f"--address {address} is no address of a Ray cluster",
            details=["expected: auto, or HOST:PORT of the head node, as `ray start --head` prints it"],
            hint=f"e.g. --address 10.0.0.1:{_PORT}",
        )
    return host.strip("[]"), int(port)


def _require_answer(host: str, port: int) -> None:
    """Ask the port at once: Ray itself would try for a minute, and then end the process."""
    try:
        socket.create_connection((host, port), _PATIENCE).close()
    except OSError as error:
        raise YolopatchError(
            f"no Ray answers at {host}:{port}; nothing was trained",
            details=[f"found: {error.strerror or error}"],
            hint=f"on the head node: {_START}; it prints the address",
        ) from error
