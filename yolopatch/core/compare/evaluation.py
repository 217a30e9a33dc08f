"""What a model finds on a data set: upstream's own figures, and those of COCO's evaluator on the same boxes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from yolopatch.wire.training import ClassScore, UpstreamFigures

SMALL, LARGE = 32, 96  # pixels: below the square of the first a box is small, above that of the second large
MOST_BOXES = 100  # of an image, those with the highest scores: as COCO's evaluator is used everywhere


@dataclass(frozen=True)
class CocoClass:
    """COCO's figures of a class.

    Attributes:
        number: of the class.
        objects: how many the images have.
        ap, ap50: average precision over IoU 0.5 to 0.95, and at 0.5.
        curve: precision at IoU 0.5 for 101 recalls from 0 to 1.
    """

    number: int
    objects: int
    ap: float
    ap50: float
    curve: Sequence[float]


@dataclass(frozen=True)
class CocoFigures:
    """Figures of COCO's evaluator, over all classes with an object.

    Attributes:
        ap, ap50: average precision over IoU 0.5 to 0.95, and at 0.5.
        small, medium, large: over IoU 0.5 to 0.95, of objects of that size; None where the images have none.
        classes: of each class with an object.
        evaluator: its name and release.
    """

    ap: float
    ap50: float
    small: float | None
    medium: float | None
    large: float | None
    classes: tuple[CocoClass, ...]
    evaluator: str


@dataclass(frozen=True)
class ClassFigures:
    """A class's name and figures; upstream's are None where it lists no such class."""

    name: str
    upstream: ClassScore | None
    coco: CocoClass

    def data(self) -> dict[str, object]:
        """Return them by their names in results."""
        own = self.upstream
        return {
            "name": self.name,
            "objects": self.coco.objects,
            "precision": own.precision if own else None,
            "recall": own.recall if own else None,
            "mAP50": own.map50 if own else None,
            "mAP50-95": own.map50_95 if own else None,
            "coco": {"AP50": self.coco.ap50, "AP": self.coco.ap},
        }


@dataclass(frozen=True)
class Evaluation:
    """A model's figures on a data set.

    Attributes:
        upstream: of upstream's own validation.
        coco: of COCO's evaluator, on the boxes that upstream found and the objects that it read.
        data: the data YAML.
        names: of the classes.
    """

    upstream: UpstreamFigures
    coco: CocoFigures
    data: str
    names: tuple[str, ...]

    @property
    def precision(self) -> float:
        """Upstream's precision."""
        return self.upstream.precision

    @property
    def recall(self) -> float:
        """Upstream's recall."""
        return self.upstream.recall

    @property
    def map50(self) -> float:
        """Upstream's mAP50."""
        return self.upstream.map50

    @property
    def map50_95(self) -> float:
        """Upstream's mAP50-95."""
        return self.upstream.map50_95

    @property
    def objects(self) -> int:
        """How many objects the images have."""
        return sum(one.objects for one in self.coco.classes)

    def figures(self) -> dict[str, object]:
        """Return them by their names in results."""
        sizes = {"small": self.coco.small, "medium": self.coco.medium, "large": self.coco.large}
        return {
            "precision": self.precision,
            "recall": self.recall,
            "mAP50": self.map50,
            "mAP50-95": self.map50_95,
            **sizes,
            "coco": {"AP50": self.coco.ap50, "AP": self.coco.ap, **sizes},
            "classes": [one.data() for one in self.of_classes()],
        }

    def of_classes(self) -> tuple[ClassFigures, ...]:
        """Return the figures of each class with an object, in the order of their numbers."""
        own = {score.number: score for score in self.upstream.classes}
        return tuple(ClassFigures(self.names[one.number], own.get(one.number), one) for one in self.coco.classes)
