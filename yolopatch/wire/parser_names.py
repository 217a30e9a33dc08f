"""The attributes that upstream's parse_model writes on every layer, in every release."""

from __future__ import annotations

# `m_.i, m_.f, m_.type, m_.np = ...`
OVERWRITTEN = frozenset({"i", "f", "type", "np"})
