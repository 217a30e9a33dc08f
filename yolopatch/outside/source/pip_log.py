"""Why pip found nothing: it says so in its log, and on the screen only "No matching distribution"."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain

from yolopatch.core.text import hide_passwords
from yolopatch.wire import shell

CHECK_INDEX = "check the package index of pip: pip config list"
OTHER_INDEX = f"choose another index: {shell.set_variable('PIP_INDEX_URL', 'https://pypi.org/simple')}"
_LOG_IN = "open that address in a browser: the network may ask you to log in first"
_STATUS = {
    "401": "give pip the name and password of the index, as in https://NAME:PASSWORD@HOST/simple: pip config list",
    "403": f"the index refuses you: ask who runs it, or {OTHER_INDEX}",
    "404": CHECK_INDEX,
    "407": "give the proxy its name and password: "
    + shell.set_variable("https_proxy", "http://NAME:PASSWORD@HOST:PORT"),
}
_FAULTY = f"the index has a fault: try it again later, or {OTHER_INDEX}"
_UNREACHABLE = "check the network, and the proxy and the package index of pip: pip config list"
_LONGEST = 200  # characters of a reason that pip gives


@dataclass(frozen=True)
class Cause:
    """Why pip could not get a project from an index.

    Attributes:
        what: what happened, and where.
        hint: what the user does.
        may_lack: whether an index answers so, too, that simply does not have the project.
    """

    what: str
    hint: str
    may_lack: bool = False


def find_causes(log: str) -> tuple[Cause, ...]:
    """Return why pip found nothing, from the log that it writes with `--log`; the first cause first.

    Args:
        log: its text. Passwords in addresses are left out of what is returned.

    Returns:
        the causes, each once; empty where the index has other versions alone, or the log does not say why.
    """
    text = hide_passwords(log)
    named = chain.from_iterable(_named(form, read, text) for form, read in _FORMS)
    found = dict.fromkeys([*named, *_endless_redirects(text), *_empty_pages(text)])
    has_others = re.search(r"\(from versions: (?!none\))", text)
    return tuple(cause for cause in found if not (has_others and cause.may_lack))


def last_address(log: str) -> str:
    """Return the address that pip asked last, "" where it asked none."""
    asked = re.findall(r"(?:analyzing links:|Downloading) (\S+://\S+)", hide_passwords(log))
    return asked[-1] if asked else ""


def _named(form: str, read: Callable[[re.Match[str]], Cause], text: str) -> Iterator[Cause]:
    return (read(match) for match in re.finditer(form, text, re.MULTILINE))


def _not_fetched(found: re.Match[str]) -> Cause:
    why = found["why"]
    status = re.search(r"too many (\d{3}) error responses|failed: (\d{3}) |^(\d{3}) (?:Client|Server) Error", why)
    if status:
        return _answered(found["url"], next(filter(None, status.groups())))
    inner = re.search(r"\(Caused by \w+\((.+)\)\)$", why)
    reason = re.sub(r"<[^>]+>: |['\"]", "", inner[1] if inner else why)
    return Cause(f"{found['url']} cannot be reached: {reason[:_LONGEST]}", _UNREACHABLE)


def _answered(url: str, status: str) -> Cause:
    return Cause(f"{url} answers with the HTTP status {status}", _STATUS.get(status, _FAULTY), status in ("403", "404"))


def _inconsistent(found: re.Match[str]) -> Cause:
    what = f"{found['url']} holds {found['what'].lower()} {found['has']} inside, and not {found['wanted']}"
    return Cause(what, f"the index serves a wrong wheel; {CHECK_INDEX}")


# What pip writes of each cause, from version 20 to 26, and how it is read.
_FORMS: tuple[tuple[str, Callable[[re.Match[str]], Cause]], ...] = (
    (
        r"repository located at (\S+) is not a trusted or secure host",
        lambda found: Cause(
            f"pip does not ask {found[1]}, because its address has no https",
            f"if you trust that host: {shell.set_variable('PIP_TRUSTED_HOST', found[1])}",
        ),
    ),
    (r"Could not fetch URL (?P<url>\S+): (?P<why>.+) - skipping$", _not_fetched),
    (r"HTTP error (\d{3}) while getting (\S+)", lambda found: _answered(found[2], found[1])),
    (
        r"RetryError: \w+\(host='(.+?)'.* exceeded with url: (\S+) .*too many (\d{3}) error responses",
        lambda found: _answered(f"{found[1]}{found[2]}", found[3]),
    ),
    (
        r"Skipping page (\S+) because .* got (?:Content-Type: )?(\S+?)\.? ",
        lambda found: Cause(f"{found[1]} is no page of a package index, but {found[2]}", _LOG_IN),
    ),
    (
        r"from (?P<url>\S+) has inconsistent (?P<what>\w+): "
        r"expected '(?P<wanted>.+?)', but metadata has '(?P<has>.+?)'",
        _inconsistent,
    ),
    (
        r"Wheel '.+' located at \S*?([^/\s]+) is invalid",
        lambda found: Cause(f"what the index sends as {found[1]} is no wheel", f"{CHECK_INDEX}; {_LOG_IN}"),
    ),
)


def _endless_redirects(text: str) -> Iterator[Cause]:
    if "TooManyRedirects: " in text:
        yield Cause(f"{last_address(text)} sends from one address to the next without an end", CHECK_INDEX)


def _empty_pages(text: str) -> Iterator[Cause]:
    """Yield the pages without a link to a file: of an index without the project, or of a proxy in its place."""
    if re.search("Found link|Could not fetch URL|Skipping page|TooManyRedirects", text):
        return
    for page in dict.fromkeys(re.findall(r"analyzing links: (\S+)", text)):
        if f"(from {page.replace('***@', '')})" not in text:
            yield Cause(f"{page} is a page without a link to any file", f"{CHECK_INDEX}; {_LOG_IN}", may_lack=True)
