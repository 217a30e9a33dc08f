"""How a check can end."""

from __future__ import annotations

PASS, WARN, FAIL, SKIP = STATUSES = ("pass", "warn", "fail", "skip")
