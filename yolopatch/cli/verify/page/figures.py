"""Format figures; each function takes None for a figure that was not measured."""

from __future__ import annotations

MISSING = "not measured"


def count(value: float | None) -> str:
    """A count: `2,572,280`."""
    return MISSING if value is None else f"{value:,.0f}"


def gflops(value: float | None) -> str:
    """GFLOPs: `6.09`."""
    return MISSING if value is None else f"{value:,.2f}"


def milliseconds(value: float | None) -> str:
    """A time: `12.3 ms`."""
    return MISSING if value is None else f"{value:,.2f} ms" if value < 10 else f"{value:,.1f} ms"


def bare(value: float | None) -> str:
    """A number for programs, in the figure's unit: `2572280`, `12.3456`; empty where there is none."""
    return "" if value is None else f"{value:.10g}"


def rate(value: float | None) -> str:
    """Images per second: `23.4`."""
    return MISSING if value is None else f"{value:,.1f}"


def interval(low: float, high: float) -> str:
    """A range of times: `11.9 to 13.0`."""
    return f"{milliseconds(low)} to {milliseconds(high)}".replace(" ms", "")


def seconds(value: float | None) -> str:
    """A time: `0.42 s`."""
    return "" if value is None else f"{value:,.2f} s" if value < 10 else f"{value:,.0f} s"


def change(value: float | None, base: float | None) -> str:
    """The change from the base model's figure in percent; empty if one is missing or the base's is 0."""
    if value is None or not base:
        return ""
    if value == base:
        return "same"
    percent = (value / base - 1) * 100
    if abs(percent) < 0.005:
        return "under 0.01%"
    return _signed(f"{percent:+.2f}%" if abs(percent) < 1 else f"{percent:+,.1f}%")


def difference(value: float | None, base: float | None) -> str:
    """The difference from the base model's figure; empty if they are equal or one is missing."""
    if value is None or base is None or value == base:
        return ""
    return _signed(f"{value - base:+,.0f}")


def share(value: float | None, largest: float) -> float:
    """The length of a bar in percent of the largest."""
    if value is None or largest <= 0:
        return 0.0
    return round(min(max(value / largest, 0.0), 1.0) * 100, 2)


def part_run(done: int, known: int) -> str:
    """How many of all checks were run: `3 of 21 checks were run`; empty where all were."""
    if done >= known:
        return ""
    return f"{done} of {known} checks {'was' if done == 1 else 'were'} run"


def _signed(text: str) -> str:
    return text.replace("-", "\N{MINUS SIGN}")
