"""What is sent to a node, made of a real workspace and real images; and a cluster that is none."""

from __future__ import annotations

from collections import deque
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from yolopatch.catalog.environment.fix_patches import SEEDS
from yolopatch.catalog.pins import PINS
from yolopatch.core.training.run import Attempt, Run, Wanted
from yolopatch.outside.cluster.ray_cluster import Need, Node
from yolopatch.outside.data.dataset import label_file
from yolopatch.outside.workspace.workspace import Workspace, read_workspace
from yolopatch.steps.cluster.pin_content import read_pin
from yolopatch.steps.cluster.recipe import Home, Recipe, Shared
from yolopatch.steps.cluster.small_data import plan_data
from yolopatch.steps.training.data import TrainingData, fingerprint
from yolopatch.steps.workspace.apply import make_workspace

PIN = "ultralytics-8.3.0"
WANTED = Wanted({}, "n", False, False, "a" * 40, (), "b" * 64, "c" * 64)


def write_images(folder: Path, names: list[str], labels: bool = True) -> Path:
    """Write small images, each of another colour, with their labels where upstream looks for them."""
    folder.mkdir(parents=True)
    for number, name in enumerate(names):
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (32, 32), (number * 7 % 256, 80, 90)).save(file)
        if labels:
            label = label_file(file)
            label.parent.mkdir(parents=True, exist_ok=True)
            label.write_text(f"0 0.5 0.5 0.{number + 1} 0.5\n", "utf-8")
    return folder


def write_set(file: Path, train: list[Path], val: list[Path]) -> tuple[Path, TrainingData]:
    """Write a data YAML, and return it with what upstream makes of it."""
    listed = {"train": train, "val": val}
    lines = [f"{part}: [{', '.join(map(str, sources))}]" for part, sources in listed.items()]
    file.write_text("\n".join([*lines, "names: [disc, square]", "flip_idx: [0]", "download: a/b.zip"]) + "\n", "utf-8")
    parts = {part: tuple(sources) for part, sources in listed.items()}
    return file, TrainingData(parts, ("disc", "square"), fingerprint(parts), train[0], None)


@pytest.fixture
def data_set(tmp_path):
    """A data YAML with two images to train on and one to validate on, and what upstream makes of it."""
    train = write_images(tmp_path / "shapes" / "images" / "train", ["b.png", "a.png"])
    val = write_images(tmp_path / "shapes" / "images" / "val", ["c.png"])
    return write_set(tmp_path / "shapes" / "data.yaml", [train], [val])


@pytest.fixture(scope="session")
def own_workspace(need_pin, cache, tmp_path_factory) -> Workspace:
    """The workspace of the arm SPConv on the machine that asks."""
    need_pin(PIN)
    place = tmp_path_factory.mktemp("mine") / "SPConv"
    make_workspace(PIN, ["SPConv"], "paper", place, "auto", cache, [SEEDS])
    return read_workspace(place)


@pytest.fixture
def sent(own_workspace, cache, data_set, tmp_path):
    """Give the recipe of a run of SPConv with what all runs share, made of this machine's own workspace and cache."""

    def make(**changes: object) -> tuple[Recipe, Shared]:
        workspace = own_workspace
        plan, files = plan_data(*data_set)
        home = tmp_path / "home" / "runs" / "SPConv-n-0"
        recipe = Recipe(
            id="SPConv-n-0",
            run=Run(0, WANTED, save_dir=str(home / "results")),
            pin=PIN,
            modules=("SPConv",),
            flavor="paper",
            fix_patches=("seeds",),
            source=workspace.source,
            commit=workspace.tip.id,
            cfg=("yolo11n-SPConv.yaml", "nc: 2\n"),
            script="print('trained')\n",
            hyperparameters=None,
            init=b"weights",
            seed=3,
            epochs=2,
            data=plan,
            python=None,
            setup=None,
            variables={"OMP_NUM_THREADS": "1"},
            state={},
            every=0.0,
            home=Home(str(home), str(home / "results"), str(data_set[0]), "yolo11n-SPConv.yaml", "/home/init.pt"),
        )
        shared = Shared(files, read_pin(PINS[PIN], workspace.source, cache))
        return replace(recipe, **changes), shared

    return make


def attempted(run: Run, resumed: str | None = None) -> Run:
    """A record with one attempt more."""
    return replace(run, attempts=(*run.attempts, Attempt("2026-01-01T00:00:00+00:00", resumed, {"host": "there"})))


class FakeCluster:
    """A cluster whose tasks send what a test says, one message each time."""

    def __init__(self, nodes: list[Node], answers: list[object] = ()) -> None:
        self.there, self.answers = nodes, answers
        self.dying: tuple[str, ...] = ()  # hosts of nodes that are listed until they are asked
        self.waiting: dict[int, deque] = {}
        self.started: list[tuple[tuple, Need, tuple[str, ...]]] = []
        self.ended: list[int] = []

    def nodes(self) -> list[Node]:
        return self.there

    def send_by_value(self, module) -> None:
        pass

    def share(self, content: object) -> object:
        return content

    def ask_each(self, nodes, function, arguments, seconds):
        self.asked = [node.host for node in nodes]
        self.there = [node for node in self.there if node.host not in self.dying]
        return self.answers

    def start(self, function, arguments, need, without):
        self.started.append((arguments, need, tuple(without)))
        self.waiting[len(self.started)] = deque()
        return len(self.started)

    def next(self, streams, seconds):
        return next(((one, self.waiting[one].popleft()) for one in streams if self.waiting[one]), None)

    def cancel(self, stream) -> None:
        self.ended.append(stream)

    def end(self, streams) -> None:
        self.ended += streams


@pytest.fixture
def fake_cluster():
    """Make a cluster of three nodes, one of which has no CPU."""
    nodes = [Node("0", "head", 0, 0), Node("1", "left", 4, 2), Node("2", "right", 4, 2)]
    return lambda answers=(): FakeCluster(nodes, answers)
