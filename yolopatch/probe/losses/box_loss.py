"""A loss of boxes that a module puts in the place of upstream's overlap: where it is, and what it does with boxes."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import torch
from torch import Tensor, nn

from ..upstreams.upstream import Upstream

_SIDE = 640.0  # of the image that the boxes are in, pixels
_STEPS, _RATE = 80, 2.0  # Adam moves each side by up to two pixels a step, so that a box comes from anywhere here
# a predicted box, and the one that is wanted: they meet, or one is in the other
_MEETING = (
    ((100, 120, 180, 200), (120, 100, 220, 190)),
    ((100, 120, 180, 200), (120, 140, 160, 170)),
    ((120, 140, 160, 170), (100, 120, 180, 200)),
)
# pairs without an overlap, with all of it, and with a predicted box without a size
_ODD = (
    ((10, 20, 30, 40), (100, 150, 140, 160)),
    ((10, 20, 30, 40), (30, 20, 50, 40)),
    ((10, 20, 50, 60), (10, 20, 50, 60)),
    ((10, 20, 10, 20), (5, 5, 50, 60)),
    ((10, 20, 50, 20), (10, 20, 50, 60)),
)
# pairs whose wanted box has no size: upstream leaves such labels out, but an augmentation may make one
_SIZELESS = (
    ((10, 20, 50, 60), (30, 30, 30, 30)),
    ((10, 20, 10, 20), (10, 20, 10, 20)),
)


@dataclass(frozen=True)
class Trial:
    """What a loss does with fixed boxes.

    Attributes:
        overlaps: the mean overlap of boxes before and after steps against the loss's gradient.
        risen: of how many boxes it rose, and of how many there are.
        endless: the pairs of boxes, as text, of which the loss or its gradient is not finite.
        endless_sizeless: the same, of pairs whose wanted box has no size.
        pairs: how many pairs were tried for that.
    """

    overlaps: tuple[float, float]
    risen: tuple[int, int]
    endless: tuple[str, ...]
    endless_sizeless: tuple[str, ...]
    pairs: int


@dataclass(frozen=True)
class BoxLoss:
    """The loss of a module.

    Attributes:
        code: the file between it and upstream's loss, imported.
        name: as upstream's loss imports that file: `wiou_loss`.
        module: the first word of its docstring, which is the module's name.
    """

    code: ModuleType
    name: str
    module: str

    @property
    def files(self) -> tuple[str, str]:
        """The module's own file, and the one between: from the folder of the package."""
        return f"utils/{self.name.removesuffix('_loss')}.py", f"utils/{self.name}.py"

    @property
    def assigns(self) -> bool:
        """Whether boxes are assigned by it, too."""
        return hasattr(self.code, "assigned")

    def state_names(self) -> frozenset[str]:
        """Return the names of the buffers that it keeps in a model's head."""
        if not hasattr(self.code, "keep_state"):
            return frozenset()
        head = nn.Module()
        head.one2one_cv2 = nn.Identity()  # an end-to-end head has two states
        self.code.keep_state(head)
        return frozenset(dict(head.named_buffers()))

    def losses(self) -> Callable[[Tensor, Tensor], Tensor]:
        """Return a function of predicted and wanted boxes [N, 4] that gives the losses [N]."""
        if not hasattr(self.code, "made"):
            return lambda pred, target: self._checked(self.code.losses(pred, target, _SIDE, _SIDE))
        loss = self.code.made()
        return lambda pred, target: self._checked(self.code.losses(loss, pred, target, _SIDE, _SIDE))

    def _checked(self, found: object) -> Tensor:
        assert isinstance(found, Tensor)
        return found


def find_box_loss(upstream: Upstream) -> BoxLoss | None:
    """Return the loss of a module that upstream's own loss imports, None where it imports none."""
    losses = importlib.import_module(f"{upstream.prefix}utils.loss")
    folder = Path(str(losses.__file__)).parent
    for name, value in vars(losses).items():
        is_code = isinstance(value, ModuleType) and name.endswith("_loss") and hasattr(value, "overlap")
        if is_code and Path(str(value.__file__)).parent == folder:
            return BoxLoss(value, name, (value.__doc__ or name).split()[0])
    return None


def try_boxes(loss: BoxLoss) -> Trial:
    """Move boxes against the gradient of a loss, and give it boxes of all kinds.

    Any exception of the loss's code passes through.
    """
    losses = loss.losses()
    pred, target = (torch.tensor(boxes, dtype=torch.float32) for boxes in zip(*_MEETING))
    before, after = overlap(pred, target), overlap(_moved(losses, pred, target), target)
    endless, sizeless = (
        tuple(_named(pair) for pair in pairs if not _is_finite(losses, pair))
        for pairs in ((*_MEETING, *_ODD), _SIZELESS)
    )
    return Trial(
        overlaps=(float(before.mean()), float(after.mean())),
        risen=(int((after > before).sum()), len(before)),
        endless=endless,
        endless_sizeless=sizeless,
        pairs=len((*_MEETING, *_ODD, *_SIZELESS)),
    )


def overlap(one: Tensor, other: Tensor) -> Tensor:
    """Return the intersection over the union of pairs of boxes [N, 4], x1, y1, x2, y2."""
    shared = (torch.minimum(one[:, 2:], other[:, 2:]) - torch.maximum(one[:, :2], other[:, :2])).clamp(min=0).prod(1)
    areas = [(boxes[:, 2:] - boxes[:, :2]).clamp(min=0).prod(1) for boxes in (one, other)]
    return shared / (areas[0] + areas[1] - shared).clamp(min=1e-9)


def _moved(losses: Callable[[Tensor, Tensor], Tensor], pred: Tensor, target: Tensor) -> Tensor:
    moving = pred.clone().requires_grad_()
    optimizer = torch.optim.Adam([moving], lr=_RATE)
    for _ in range(_STEPS):
        optimizer.zero_grad()
        losses(moving, target).sum().backward()  # type: ignore[no-untyped-call]  # torch has no types for it
        optimizer.step()
    return moving.detach()


def _is_finite(losses: Callable[[Tensor, Tensor], Tensor], pair: tuple[tuple[int, ...], tuple[int, ...]]) -> bool:
    pred, target = (torch.tensor([box], dtype=torch.float32) for box in pair)
    pred.requires_grad_()
    found = losses(pred, target)
    (gradient,) = torch.autograd.grad(found.sum(), pred)
    return bool(torch.isfinite(found).all() and torch.isfinite(gradient).all())


def _named(pair: tuple[tuple[int, ...], tuple[int, ...]]) -> str:
    return f"{list(pair[0])} for {list(pair[1])}"
