"""The seed patches: where a pin seeds the processes that load its images with a constant, and code that does not.

The only source of `patches/<pin>/seeds.patch`. Upstream changed this itself between ultralytics 8.4.121 and 8.4.125.
"""

from __future__ import annotations

from dataclasses import dataclass

from yolopatch.catalog.environment.fixes import Fix


@dataclass(frozen=True)
class SeedFix(Fix):
    """Code that seeds with a constant, and the code that replaces it."""

    @property
    def what(self) -> str:
        """What it is, for messages."""
        return f"the seed patch of {self.path}"


UNREACHED = "`seed` does not reach the processes that load images: with workers, each seed gives the same batches"
REACHED = "the seed reaches the processes that load images, by the seed patch"

# The trainer calls init_seeds(seed + 1 + RANK) before it makes a loader, so torch's initial seed is the run's own.
_ULTRALYTICS = (
    SeedFix(
        "ultralytics/data/build.py",
        "generator.manual_seed(6148914691236517205 + RANK)",
        "generator.manual_seed((6148914691236517205 + RANK + torch.initial_seed()) % 2**63)",
    ),
)

# By pin. yolov5 6.1 gives its loader no generator, so that torch seeds it from what init_seeds was called with. That is
# always 1 + RANK: its train.py has no option for the seed.
SEED_FIXES: dict[str, tuple[SeedFix, ...]] = {
    "ultralytics-8.2.50": _ULTRALYTICS,
    "ultralytics-8.3.0": _ULTRALYTICS,
    "ultralytics-8.4.0": _ULTRALYTICS,
    "yolov5-pypi-6.1.0": (),
    "yolov5-6.1": (),
}
