"""What no message and no record may show: keys, tokens and passwords that environment variables hold."""

from __future__ import annotations

import re
from collections.abc import Mapping

HIDDEN = "***"
_NAMES = re.compile(r"(^|_)(API)?(KEY|TOKEN|PASSWORD|SECRET)S?(_|$)")
_IN_URL = re.compile(r"(?<=://)[^/@\s]+(?=@)")  # `user:password` before the host
_SHORTEST = 8  # characters; a shorter value may be an ordinary word


def hide_secret(name: str, value: str) -> str:
    """Return the value of an environment variable as it may be shown."""
    return HIDDEN if _NAMES.search(name) else _IN_URL.sub(HIDDEN, value)


def hide_secrets(text: str, variables: Mapping[str, str]) -> str:
    """Return a text of a child process without the secrets of its environment variables."""
    secrets = [value for name, value in variables.items() if _NAMES.search(name) and len(value) >= _SHORTEST]
    for secret in sorted(secrets, key=len, reverse=True):
        text = text.replace(secret, HIDDEN)
    return _IN_URL.sub(HIDDEN, text)
