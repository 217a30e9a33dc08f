"""The results that a check can have."""

from __future__ import annotations

PASS, WARN, FAIL, SKIP = STATUSES = ("pass", "warn", "fail", "skip")
