"""Feed parsers in a process of their own: `python -m fuzz "PARSER|PARSER" SECONDS MOST SEED ANSWER`.

ANSWER becomes JSON: how many inputs were `tried`, and `died`: null, or what happened; the input lies beside it.
"""

from __future__ import annotations

import json
import random
import signal
import sys
import time
import traceback
import warnings
from functools import partial
from pathlib import Path

from fuzz.mutations import shrunk
from fuzz.parsers import Parser, parsers

_SLOWEST = 3.0  # seconds of processor time for one input


class TooSlow(BaseException):
    """An input took too long. No parser catches it."""


def _too_slow(*_: object) -> None:
    raise TooSlow(f"more than {_SLOWEST} s of processor time")


def main(names: list[str], seconds: float, most: int, seed: int, answer: Path) -> None:
    """Feed parsers until the time is over or `most` inputs are done (0: no such limit), or until one has a fault."""
    warnings.simplefilter("ignore")
    signal.signal(signal.SIGVTALRM, _too_slow)
    known, tried, died = parsers(), dict.fromkeys(names, 0), None
    for name in names:
        tried[name], fault, small = _feed(known[name], seconds, most, seed)
        if fault is not None:
            answer.with_suffix(".input").write_bytes(small)
            died = f"{name}: " + "".join(traceback.format_exception(fault))[-4000:]
            break
    answer.write_text(json.dumps({"tried": tried, "died": died}))


def _feed(parser: Parser, seconds: float, most: int, seed: int) -> tuple[int, BaseException | None, bytes]:
    """Return how many inputs were tried, and the fault of the last one, with a small input that has it."""
    tried, end = 0, time.monotonic() + seconds
    while time.monotonic() < end and not 0 < most <= tried:
        data = parser.inputs(random.Random(f"{seed} {tried}"))
        fault = _fault(parser, data)
        tried += 1
        if fault is not None:
            return tried, fault, shrunk(data, partial(_has_fault, parser, type(fault)))
    return tried, None, b""


def _has_fault(parser: Parser, kind: type[BaseException], data: bytes) -> bool:
    return type(_fault(parser, data)) is kind


def _fault(parser: Parser, data: bytes) -> BaseException | None:
    """Return what the parser raises and may not."""
    signal.setitimer(signal.ITIMER_VIRTUAL, _SLOWEST)
    try:
        parser.parse(data)
    except parser.refuses:
        return None
    except (Exception, TooSlow) as error:
        return error
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
    return None


if __name__ == "__main__":
    chosen, time_limit, inputs, start, file = sys.argv[1:]
    main(chosen.split("|"), float(time_limit), int(inputs), int(start), Path(file))
