"""`doctor`: what of a pin would fail in an interpreter, and where."""

from __future__ import annotations

from dataclasses import dataclass

from yolopatch.catalog.pins import Pin
from yolopatch.outside.interpreter import Interpreter


@dataclass(frozen=True)
class Ailment:
    """What would fail.

    Attributes:
        severity: `error` where it would, `warning` where it may, or where somebody should know.
        stage: `import`, `train`, `validate`, `predict`, `export`; "" for none of them.
        what: the fact, `numpy 2.4.1: np.trapz is gone since 2.4`.
        where: upstream's line, or the setting; "" for none.
        hint: the next command.
    """

    severity: str
    stage: str
    what: str
    where: str
    hint: str


def diagnose(pin: Pin, compat: bool, interpreter: Interpreter) -> tuple[Ailment, ...]:
    """Return what of the pin would fail in the interpreter; `compat` tells whether its old code was mended."""
    return ()
