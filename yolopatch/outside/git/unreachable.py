"""Whether git failed because a host cannot be reached, and the host's name for users."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from yolopatch.outside.git.command import GitError

# Over HTTP, git says this of names that do not resolve, refused and broken connections, proxies and error pages.
_HTTP = re.compile(r"unable to access '([^']+)'")
_SSH = re.compile(r"ssh: (?:Could not resolve hostname|connect to host) ([^\s:]+)")
_NAMES = {"github.com": "GitHub"}


def unreachable_host(error: GitError) -> str | None:
    """Return the name of the host that git could not reach, None where git failed for another reason.

    It is the host that git tried, also where `url.<base>.insteadOf` chose it.
    """
    text = "\n".join(error.details)
    http, ssh = _HTTP.search(text), _SSH.search(text)
    host = urlsplit(http[1]).hostname if http else ssh[1] if ssh else None
    return _NAMES.get(host, host) if host else None
