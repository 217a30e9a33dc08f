"""The pin that is most like a checkout of a version without a pin."""

from __future__ import annotations

from packaging.version import InvalidVersion, Version

from yolopatch.catalog.pins import PINS, Pin, style_of
from yolopatch.outside.workspace.checkout import Checkout


def nearest_pin(checkout: Checkout) -> Pin:
    """Return the newest pin that is not newer than the checkout; the oldest pin of its style where all are newer."""
    return pin_near(checkout.style, checkout.version or "")


def pin_near(style: str, release: str) -> Pin:
    """Return the newest pin of a style that is not newer than a release; the oldest one where all are newer.

    Args:
        style: as `style_of` gives it.
        release: a version; any other text counts as older than all.
    """
    pins = [pin for pin in PINS.values() if style_of(pin) == style]
    try:
        version = Version(release) if release else None
    except InvalidVersion:
        version = None
    older = [pin for pin in pins if version and pin.wheel and Version(pin.wheel.version) <= version]
    return older[-1] if older else pins[0]


def own_or_nearest_pin(checkout: Checkout) -> Pin:
    """Return the checkout's pin; for a version without one, the pin that is most like it."""
    return checkout.pin or nearest_pin(checkout)
