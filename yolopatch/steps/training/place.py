"""Where what a run needs lies on the machine that trains it: its words for upstream's script are made of that."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from yolopatch.core.training.script import words

RESULTS = "results"  # upstream's folder in that of a run


@dataclass(frozen=True)
class Place:
    """The files of one run on one machine, as upstream is told.

    Attributes:
        cfg: the model YAML: a path, or a name in the workspace.
        data: the data YAML: a path, or a name in the workspace.
        folder: of the run.
        init: the checkpoint to start from, None for random weights.
        hyperparameters: the file of them, None where upstream has its own.
    """

    cfg: str
    data: str
    folder: Path
    init: Path | None = None
    hyperparameters: Path | None = None

    def words(self, style: str, seed: int) -> tuple[str, ...]:
        """Return the arguments of the training script.

        Args:
            style: of the pin: `ultralytics` or `yolov5`.
            seed: of the run.
        """
        init = str(self.init) if self.init else ""
        # ultralytics takes the YAML from the checkpoint
        model = {"model": init or self.cfg} if style == "ultralytics" else {"cfg": self.cfg, "weights": init}
        files = {"data": self.data, **self._hyp(), "project": str(self.folder), "name": RESULTS}
        return tuple(words({**model, "seed": seed, **files}))

    def paths(self, workspace: Path, save_dir: str | None) -> Mapping[str, str]:
        """Return by upstream's names the paths that a resumed run has here; its checkpoint may be of elsewhere.

        Args:
            workspace: the folder to which names are relative.
            save_dir: where its results lie; None where they are to be made.
        """
        return {"data": str(workspace / self.data), **self._hyp(), "save_dir": save_dir or str(self.folder / RESULTS)}

    def _hyp(self) -> dict[str, str]:
        return {"hyp": str(self.hyperparameters)} if self.hyperparameters else {}
