"""Reaching a cluster: what is in the way is said at once, with the next command, and nothing is made."""

from __future__ import annotations

import socket
import sys

import pytest

from yolopatch.errors import UsageError, YolopatchError
from yolopatch.outside.cluster import connect
from yolopatch.outside.cluster.connect import connected

GRID = """
model = "yolo11"
scales = ["n"]
data = "d.yaml"
seeds = [0]
[[arm]]
name = "base"
[[arm]]
name = "SPConv"
module = ["SPConv"]
"""


class FakeRay:
    """A package ray whose `init` raises."""

    __version__ = "2.60.0"

    def __init__(self, error: Exception | None = None) -> None:
        self.error, self.log = error, []

    def init(self, **options: object) -> None:
        self.log.append(options)
        print("what Ray prints")
        if self.error:
            raise self.error

    def shutdown(self) -> None:
        self.log.append("shutdown")


@pytest.fixture
def ray(monkeypatch):
    """Put a package in Ray's place."""

    def put(error: Exception | None = None) -> FakeRay:
        fake = FakeRay(error)
        monkeypatch.setattr(connect, "load_ray", lambda: fake)
        return fake

    return put


def refused(address: str | None) -> YolopatchError:
    with pytest.raises(YolopatchError) as found, connected(address):
        pass
    return found.value


def test_without_ray_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    error = refused(None)
    assert "Ray, which is not installed" in error.what
    assert error.hint == 'pip install "yolopatch[ray]"'


@pytest.mark.parametrize("address", ["foo", "host:", ":6379", "host:0", "host:99999", "ray://host:10001", "a:b"])
def test_what_is_no_address_is_refused(ray, address):
    fake = ray()
    assert isinstance(refused(address), UsageError)
    assert fake.log == []


def test_a_port_where_nobody_answers_is_said_before_ray_tries_it(ray):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    fake = ray()
    error = refused(f"127.0.0.1:{port}")
    assert error.what == f"no Ray answers at 127.0.0.1:{port}; nothing was trained"
    assert "ray start --head" in error.hint
    assert fake.log == []


def test_a_cluster_with_another_python_or_ray_is_named_with_the_version_to_install(ray):
    said = "Version mismatch: The cluster was started with:\n    Ray: 2.50.1\n    Python: 3.12.1\nThis process on node"
    ray(RuntimeError(said))
    error = refused("auto")
    assert error.what == "the Ray cluster at auto has another Ray or another Python; nothing was trained"
    assert "Python: 3.12.1" in error.details[0]
    assert error.hint.endswith("pip install ray==2.50.1")


def test_no_cluster_on_this_machine_says_how_to_start_one(ray):
    ray(ConnectionError("Could not find any running Ray instance."))
    assert refused("auto").hint == "start one: ray start --head --port=6379"


def test_a_machine_that_is_no_node_is_told_to_become_one(ray):
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"127.0.0.1:{server.getsockname()[1]}"
        ray(RuntimeError("This node has an IP address of 10.0.0.9"))
        error = refused(address)
    assert error.hint == f"make this machine a node, with the same token: ray start --address={address} --num-cpus=0"
    assert "another token" in error.details[-1]


def test_ray_is_left_at_the_end_also_after_an_error_and_prints_nothing_where_the_result_goes(ray, capsys):
    fake = ray()
    with pytest.raises(KeyError), connected(None):
        raise KeyError
    assert fake.log[0]["address"] == "local"
    assert fake.log[-1] == "shutdown"
    assert capsys.readouterr().out == ""


def test_the_command_refuses_options_of_the_cluster_without_it_and_says_that_ray_is_missing(
    yolopatch, tmp_path, monkeypatch
):
    monkeypatch.setitem(sys.modules, "ray", None)
    grid = tmp_path / "grid.toml"
    grid.write_text(GRID, "utf-8")
    for option in (("--address", "auto"), ("--gpus-per-run", "0.5"), ("--cpus-per-run", "1")):
        ran = yolopatch("ablate", grid, "--dest", tmp_path / "out", *option)
        assert ran.code == 2
        assert f"{option[0]} is for --engine ray" in ran.err
    ran = yolopatch("ablate", grid, "--dest", tmp_path / "out", "--engine", "ray")
    assert ran.code == 1
    assert 'pip install "yolopatch[ray]"' in ran.err
    assert not (tmp_path / "out").exists()
