"""The colours of heat maps: each is lighter than the one before, so that they keep their order in grey print."""

from __future__ import annotations

_STOPS = ((6, 4, 32), (64, 12, 92), (134, 28, 104), (198, 52, 80), (240, 108, 36), (252, 176, 44), (252, 246, 190))


def heat_colours(count: int = 256) -> list[tuple[int, int, int]]:
    """Return colours from dark to light, evenly spaced, as red, green and blue from 0 to 255."""
    found = []
    for number in range(count):
        place = number * (len(_STOPS) - 1) / (count - 1)
        stop = min(int(place), len(_STOPS) - 2)
        share = place - stop
        red, green, blue = (
            round(low + (high - low) * share) for low, high in zip(_STOPS[stop], _STOPS[stop + 1], strict=True)
        )
        found.append((red, green, blue))
    return found
