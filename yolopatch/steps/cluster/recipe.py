"""What a node gets of a run, and the messages that it sends back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from yolopatch.core.training.results import RESULTS, SETTINGS, WEIGHTS
from yolopatch.core.training.run import Run
from yolopatch.steps.training.results import BEST, LAST
from yolopatch.wire.training import Tracked

# what a run is taken up from, and what is kept of it; below upstream's folder of it
LAST_FILE = f"{WEIGHTS}/{LAST}"
KEPT = (f"{WEIGHTS}/{BEST}", RESULTS, *SETTINGS, "hyp.yaml", LAST_FILE)  # the last one last: by it a run is taken up


@dataclass(frozen=True)
class DataPlan:
    """How a node comes to the data.

    Attributes:
        says: the content of the data YAML but for its paths.
        parts: of `train` and `val` the folders or lists of images: paths that the node must have; or, where the files
            are sent, paths below the folder in which it puts them.
        is_sent: whether the files are sent.
        sha256: of the data set.
    """

    says: Mapping[str, object]
    parts: Mapping[str, tuple[str, ...]]
    is_sent: bool
    sha256: str


@dataclass(frozen=True)
class Setup:
    """The environment that trains on a node: the Python, and the libraries that decide what a model computes."""

    python: str
    libraries: Mapping[str, str]

    @property
    def words(self) -> str:
        """The environment for the user."""
        return ", ".join([f"Python {self.python}", *(f"{name} {version}" for name, version in self.libraries.items())])


@dataclass(frozen=True)
class UsersTracker:
    """A tracker as the user has set it up: its name, and the environment variables that it reads; they have keys."""

    name: str
    variables: Mapping[str, str] = field(repr=False)


@dataclass(frozen=True)
class Home:
    """Where the files of a run lie on the machine that asks for it, as texts; its record and settings name these.

    Attributes:
        folder: of the run.
        results: upstream's folder of it.
        data, cfg, init, hyperparameters: as `Place` has them; "" without one.
        store: the folder that all runs share, for a tracker that keeps runs in files; "" without a tracker.
    """

    folder: str
    results: str
    data: str
    cfg: str
    init: str = ""
    hyperparameters: str = ""
    store: str = ""


@dataclass(frozen=True)
class Recipe:
    """Everything that a node needs to train a run, or to train it on.

    Attributes:
        id: of the run.
        run: its record so far.
        pin, modules, flavor: what its workspace is made of.
        fix_patches: the names of the fix patches of its workspace.
        source: the kind of source of the pin's content: the ids of commits depend on it.
        commit: the id that the workspace's newest commit must have.
        cfg: the name and the text of the model YAML.
        script: the text of the training script.
        hyperparameters: the content of the file of them; None where upstream has its own.
        init: the checkpoint to start from; None for random weights.
        seed, epochs: of the run.
        data: how the node comes to the data.
        python: the interpreter that the user named; None for the one of the pin's environment.
        setup: the environment that every node has; None for any.
        variables: environment variables of the training, in place of the node's.
        state: the files of KEPT that there are already; empty for a new run.
        every: how many seconds lie at least between two checkpoints that are sent.
        home: where its files lie with whoever asks.
        tracker: where the run is shown; None for nowhere.
        tracked: how it is shown there; None for nowhere.
    """

    id: str
    run: Run
    pin: str
    modules: tuple[str, ...]
    flavor: str
    fix_patches: tuple[str, ...]
    source: str
    commit: str
    cfg: tuple[str, str]
    script: str
    hyperparameters: bytes | None
    init: bytes | None
    seed: int
    epochs: int
    data: DataPlan
    python: str | None
    setup: Setup | None
    variables: Mapping[str, str]
    state: Mapping[str, bytes]
    every: float
    home: Home
    tracker: UsersTracker | None = None
    tracked: Tracked | None = None


@dataclass(frozen=True)
class Shared:
    """What all runs of a grid need: sent once.

    Attributes:
        data: the files of the data set, by their paths below its folder; empty where the nodes have it.
        pin: the files of the pin's repository in the cache; empty where there is none.
        catalog: the files of the user's own catalog; empty where the grid has nothing of it.
    """

    data: Mapping[str, bytes] = field(default_factory=dict)
    pin: Mapping[str, bytes] = field(default_factory=dict)
    catalog: Mapping[str, bytes] = field(default_factory=dict)


@dataclass(frozen=True)
class Kept:
    """The record of the run has changed; its paths are those of `Home`."""

    run: Run


@dataclass(frozen=True)
class At:
    """An epoch is reached, as `Reached` has it."""

    epoch: int
    map50: float | None


@dataclass(frozen=True)
class Files:
    """Files of the run as they are now.

    Attributes:
        results: those of KEPT by their names below upstream's folder.
        others: by their names below the run's folder.
        store: of a tracker that keeps runs in files, by their names below the folder that all runs share.
    """

    results: Mapping[str, bytes]
    others: Mapping[str, bytes] = field(default_factory=dict)
    store: Mapping[str, bytes] = field(default_factory=dict)


@dataclass(frozen=True)
class Trained:
    """The run is trained, all of its files are sent."""

    run: Run


@dataclass(frozen=True)
class Refused:
    """The run has failed, with the parts of the error."""

    what: str
    details: tuple[str, ...]
    hint: str


@dataclass(frozen=True)
class Unfit:
    """Nothing was trained: this node must not train runs of this grid."""

    why: str


Message = Kept | At | Files | Trained | Refused | Unfit
