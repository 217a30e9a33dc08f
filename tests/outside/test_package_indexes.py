"""A package index that fails says why: pip itself says "No matching distribution" of all of this."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest

from yolopatch.errors import SourceError, UsageError
from yolopatch.outside.source import pypi
from yolopatch.outside.source.pip_log import find_causes
from yolopatch.outside.source.releases import find_release

from ..serving import Quiet, serving
from ..zips import zipped

WHEEL = "ultralytics-8.3.0-py3-none-any.whl"
LINK = f'<!DOCTYPE html><a href="/{WHEEL}">{WHEEL}</a>'.encode()
LOG_IN = b"<html><h1>Welcome to the hotel. Please log in.</h1></html>"


def _wheel(version: str) -> bytes:
    """Return the wheel of 8.3.0 with another version inside."""
    folder = "ultralytics-8.3.0.dist-info"
    return zipped(
        [
            (f"{folder}/METADATA", f"Metadata-Version: 2.1\nName: ultralytics\nVersion: {version}\n".encode()),
            (f"{folder}/WHEEL", b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"),
            (f"{folder}/RECORD", b""),
        ]
    )


@pytest.fixture
def index(monkeypatch) -> Iterator[Callable[..., str]]:
    """Start an index that answers the page, and the wheel, with a status and a body; gives its host."""
    answers: dict[bool, tuple[int, bytes, str]] = {}

    class Answers(Quiet):
        def do_GET(self) -> None:
            status, body, kind = answers[self.path.endswith(".whl")]
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            if status == 302:
                self.send_header("Location", self.path)
            self.end_headers()
            self.wfile.write(body)

    for name in ("PIP_EXTRA_INDEX_URL", "PIP_FIND_LINKS", "http_proxy", "HTTP_PROXY"):
        monkeypatch.delenv(name, raising=False)
    for name, value in (("CONFIG_FILE", "/dev/null"), ("RETRIES", "0"), ("NO_CACHE_DIR", "1")):
        monkeypatch.setenv(f"PIP_{name}", value)

    with serving(Answers) as host:
        monkeypatch.setenv("PIP_INDEX_URL", f"http://joe:secret@{host}/simple")

        def answer(page: tuple[int, bytes], wheel: tuple[int, bytes] = (404, b""), kind: str = "text/html") -> str:
            answers.update({False: (*page, kind), True: (*wheel, "application/zip")})
            return host

        yield answer


# the page, the wheel, the page's type; what is said, with PAGE and FILE for the two addresses; what to do
CAUSES = {
    "a fault of the index": ((500, b""), (404, b""), "text/html", "PAGE answers with the HTTP status 500", "try it ag"),
    "no password": ((401, b""), (404, b""), "text/html", "PAGE answers with the HTTP status 401", "NAME:PASSWORD@HOST"),
    "refused": ((403, b""), (404, b""), "text/html", "PAGE answers with the HTTP status 403", "the index refuses you"),
    "a proxy's": ((407, b""), (404, b""), "text/html", "PAGE answers with the HTTP status 407", "export https_proxy="),
    "no such page": ((404, b""), (404, b""), "text/html", "PAGE answers with the HTTP status 404", "pip config list"),
    "a circle": ((302, b""), (404, b""), "text/html", "PAGE sends from one address to the next", "pip config list"),
    "a page to log in": ((200, LOG_IN), (404, b""), "text/html", "PAGE is a page without a link", "open that address"),
    "another type": ((200, b"{}"), (404, b""), "text/plain", "PAGE is no page of a package index", "open that address"),
    "a refused wheel": ((200, LINK), (403, b""), "text/html", "FILE answers with the HTTP status 403", "refuses you"),
    "a faulty wheel": ((200, LINK), (500, b""), "text/html", "FILE answers with the HTTP status 500", "try it again"),
    "a page as wheel": ((200, LINK), (200, LOG_IN), "text/html", f"sends as {WHEEL} is no wheel", "pip config list"),
    "wrong": (
        (200, LINK),
        (200, _wheel("8.3.1")),
        "text/html",
        "holds version 8.3.1 inside, and not 8.3.0",
        "wrong wh",
    ),
}


# each asks pip, which takes half a second
QUICK = ("a fault of the index", "no password", "a circle", "a page to log in", "another version")
CASES = [pytest.param(*case, id=name, marks=[pytest.mark.slow] * (name not in QUICK)) for name, case in CAUSES.items()]


@pytest.mark.parametrize(("page", "wheel", "kind", "said", "hint"), CASES)
def test_why_an_index_fails(page, wheel, kind, said, hint, index, tmp_path):
    host = index(page, wheel, kind)
    with pytest.raises(SourceError) as caught:
        pypi.download_version("ultralytics", "8.3.0", tmp_path)
    told = " ".join((caught.value.what, *caught.value.details))
    at_page, at_file = rf"http://\*\*\*@{host}/simple/ultralytics/", rf"(http://)?\S*{host.split(':')[0]}\S*/{WHEEL}"
    assert re.search(re.escape(said).replace("PAGE", at_page).replace("FILE", at_file), told), told
    assert hint in caught.value.hint
    assert "No matching distribution" not in told
    assert "secret" not in told + caught.value.hint
    assert list(tmp_path.iterdir()) == []


def test_a_version_that_the_index_does_not_have_is_called_so(index, tmp_path):
    index((200, LINK))
    with pytest.raises(UsageError, match="the package index has no wheel of ultralytics 8\\.3\\.9"):
        find_release("ultralytics==8.3.9", tmp_path)


def test_a_release_for_another_python_is_fetched_to_be_read(index, tmp_path):
    """The first releases of ultralytics ask for Python 3.11.0 at most."""
    link = LINK.replace(b"<a ", b'<a data-requires-python="&lt;=3.5" ')
    index((200, link), (200, _wheel("8.3.0")))
    assert pypi.download_version("ultralytics", "8.3.0", tmp_path).name == WHEEL


@pytest.mark.slow  # pip has to have started by then, on a busy machine, too
def test_an_index_that_answers_too_slowly_is_named(index, tmp_path, monkeypatch):
    host = index((500, b""))
    monkeypatch.setattr(pypi, "TIMEOUT", 10)
    monkeypatch.setenv("PIP_RETRIES", "20")
    with pytest.raises(SourceError, match="did not end in 10 s") as caught:
        pypi.download_version("ultralytics", "8.3.0", tmp_path)
    assert caught.value.details == (f"http://***@{host}/simple/ultralytics/ had not answered to the end by then",)


OTHERS = {
    "Could not fetch URL https://a/simple/u/: There was a problem confirming the ssl certificate: HTTPSConnectionPool("
    "host='a', port=443): Max retries exceeded with url: /simple/u/ (Caused by SSLError(SSLCertVerificationError(1, "
    "'certificate verify failed: self signed certificate'))) - skipping": "certificate verify failed: self signed",
    "Could not fetch URL https://a/simple/u/: connection error: HTTPSConnectionPool(host='a', port=443): Max "
    "retries exceeded with url: /simple/u/ (Caused by ProxyError('Cannot connect to proxy.', OSError('Tunnel "
    "connection failed: 407 Proxy Authentication Required'))) - skipping": "answers with the HTTP status 407",
    "WARNING: The repository located at mirror.example is not a trusted or secure host and is being ignored. If this "
    "repository is available via HTTPS": "pip does not ask mirror.example, because its address has no https",
}


@pytest.mark.parametrize(("line", "said"), OTHERS.items())
def test_what_pip_writes_of_other_causes(line, said):
    (cause,) = find_causes(f"2026-11-27T10:15:18,676 {line}\n")
    assert said in cause.what


def test_an_index_of_others_alone_does_not_matter_where_another_one_has_the_project():
    page = "Could not fetch URL https://torch/u/: 403 Client Error: Forbidden for url: https://torch/u/ - skipping\n"
    assert find_causes(f"{page}ERROR: Could not find a version that satisfies u==9 (from versions: 7, 8)") == ()
    assert len(find_causes(f"{page}ERROR: Could not find a version that satisfies u==9 (from versions: none)")) == 1
