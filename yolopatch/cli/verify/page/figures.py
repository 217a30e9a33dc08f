"""Figures as a reader wants them; each function takes None for what was not measured."""

from __future__ import annotations

MISSING = "not measured"


def count(value: float | None) -> str:
    """A number of things: `2,572,280`."""
    return MISSING if value is None else f"{value:,.0f}"


def gflops(value: float | None) -> str:
    """GFLOPs: `6.09`."""
    return MISSING if value is None else f"{value:,.2f}"


def milliseconds(value: float | None) -> str:
    """A time: `12.3 ms`."""
    return MISSING if value is None else f"{value:,.2f} ms" if value < 10 else f"{value:,.1f} ms"


def interval(low: float, high: float) -> str:
    """From the least time to the longest: `11.9 to 13.0`."""
    return f"{milliseconds(low)} to {milliseconds(high)}".replace(" ms", "")


def seconds(value: float | None) -> str:
    """A time: `0.42 s`."""
    return "" if value is None else f"{value:,.2f} s" if value < 10 else f"{value:,.0f} s"


def change(value: float | None, base: float | None) -> str:
    """How a figure stands to the base's, in per cent; empty where one is missing or the base's is 0."""
    if value is None or not base:
        return ""
    if value == base:
        return "same"
    percent = (value / base - 1) * 100
    if abs(percent) < 0.005:
        return "under 0.01%"
    return _signed(f"{percent:+.2f}%" if abs(percent) < 1 else f"{percent:+,.1f}%")


def difference(value: float | None, base: float | None) -> str:
    """How many more or fewer than the base's; empty where both are the same or one is missing."""
    if value is None or base is None or value == base:
        return ""
    return _signed(f"{value - base:+,.0f}")


def share(value: float | None, largest: float) -> float:
    """A bar's length in per cent of the largest."""
    if value is None or largest <= 0:
        return 0.0
    return round(min(max(value / largest, 0.0), 1.0) * 100, 2)


def _signed(text: str) -> str:
    return text.replace("-", "\N{MINUS SIGN}")
