"""Whether git failed because a host cannot be reached or answers with an error, in words for users."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from yolopatch.outside.git.command import GitError

# Over HTTP, git says this of names that do not resolve, refused and broken connections, proxies and error pages.
_HTTP = re.compile(r"unable to access '([^']+)'")
_SSH = re.compile(r"ssh: (?:Could not resolve hostname|connect to host) ([^\s:]+)")
_STATUS = re.compile(r"requested URL returned error: (\d{3})")
_NAMES = {"github.com": "GitHub"}


def unreachable(error: GitError) -> str | None:
    """Return which host does not give git anything, and how; None where git failed for another reason.

    It is the host that git tried, also where `url.<base>.insteadOf` chose it.
    """
    text = "\n".join(error.details)
    http, ssh = _HTTP.search(text), _SSH.search(text)
    host = urlsplit(http[1]).hostname if http else ssh[1] if ssh else None
    return _told(_NAMES.get(host, host), text) if host else None


def _told(host: str, text: str) -> str:
    status = _STATUS.search(text)
    if status:
        return f"{host} answers with the HTTP status {status[1]}"
    if "redirects followed" in text:
        return f"{host} sends from one address to the next without an end"
    return f"{host} cannot be reached"
