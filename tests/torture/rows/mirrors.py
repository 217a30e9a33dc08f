"""Package indexes that fail or lie: the command says what the index did, keeps nothing of it, and a sound one helps."""

from __future__ import annotations

import shutil
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from lab import PIN, ROOT, Ended, Lab, Sandbox
from results import names
from tally import Died, Tally
from watching import check_ended_well, check_none_runs

sys.path.append(str(ROOT / "tests"))
from serving import Quiet, serving

_VERSION = PIN.partition("-")[2]
_WHEEL = f"ultralytics-{_VERSION}-py3-none-any.whl"
_CHUNK = 2**20
_SLOW = 12.0  # seconds for the whole of a sound wheel
_MOST = 2**26 + 2**22  # bytes on the disk: the limit of a wheel, and a little


class _Answers(Quiet):
    """One answer of an index; `behave` is the behaviour of the case, `wheel` the sound wheel."""

    behave: Callable[[_Answers], None]
    wheel: bytes
    ended: threading.Event

    def do_GET(self) -> None:
        """Answer."""
        try:
            type(self).behave(self)
        except OSError:
            return  # the client has seen enough

    @property
    def is_page(self) -> bool:
        """Whether the index page is asked for, not a file."""
        return not self.path.endswith(".whl")

    def give(self, data: bytes, kind: str = "text/html", length: int | None = None, status: int = 200) -> None:
        """Send a whole answer; `length` is what its header claims."""
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data) if length is None else length))
        self.end_headers()
        self.wfile.write(data)

    def page(self, name: str = _WHEEL, more: str = "") -> None:
        """Send the index page with one file."""
        self.give(f'<!DOCTYPE html><html><body><a href="/{name}{more}">{name}</a></body></html>'.encode())

    def endless(self, chunk: bytes) -> None:
        """Send the same again and again, without a length."""
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        while not self.ended.is_set():
            self.wfile.write(chunk)


def _status(number: int) -> Callable[[_Answers], None]:
    return lambda answers: answers.give(b"no", status=number)


def _file(answer: Callable[[_Answers], None]) -> Callable[[_Answers], None]:
    """The page is sound, and the file is not."""
    return lambda answers: answers.page() if answers.is_page else answer(answers)


def _redirects(answers: _Answers) -> None:
    answers.send_response(302)
    answers.send_header("Location", answers.path + "x")
    answers.end_headers()


def _hangs_up(answers: _Answers) -> None:
    answers.connection.close()


def _slowly(answers: _Answers) -> None:
    answers.send_response(200)
    answers.send_header("Content-Length", str(len(answers.wheel)))
    answers.end_headers()
    pieces = 24
    for start in range(0, len(answers.wheel), size := len(answers.wheel) // pieces + 1):
        answers.wfile.write(answers.wheel[start : start + size])
        time.sleep(_SLOW / pieces)


_BAD: dict[str, Callable[[_Answers], None]] = {
    **{f"status {number} for the page": _status(number) for number in (401, 403, 404, 429, 500, 503)},
    **{f"status {number} for the file": _file(_status(number)) for number in (401, 404, 500)},
    "an empty page": lambda answers: answers.give(b""),
    "a page of noise": lambda answers: answers.give(bytes(range(256)) * 400),
    "a page of another kind": lambda answers: answers.give(b"{}", "application/x-unknown"),
    "a page without an end": lambda answers: answers.endless(b"<a>" * _CHUNK),
    "a file without an end": _file(lambda answers: answers.endless(bytes(_CHUNK))),
    "a page that redirects for ever": _redirects,
    "a file that redirects for ever": _file(_redirects),
    "a page that hangs up": _hangs_up,
    "a file that hangs up": _file(_hangs_up),
    "a file cut short": _file(lambda answers: answers.give(answers.wheel[:5000], length=len(answers.wheel))),
    "a file cut short that looks whole": _file(lambda answers: answers.give(answers.wheel[:5000])),
    "a file of zeros": _file(lambda answers: answers.give(bytes(10**6))),
    "an empty file": _file(lambda answers: answers.give(b"")),
    "a file with one other byte": _file(
        lambda answers: answers.give(answers.wheel[:9999] + b"!" + answers.wheel[10_000:])
    ),
    "a page with another file's sum": lambda answers: (
        answers.page(more="#sha256=" + "0" * 64) if answers.is_page else answers.give(answers.wheel)
    ),
    "a page with a name that leads out": lambda answers: (
        answers.page("../../" + _WHEEL) if answers.is_page else answers.give(answers.wheel[:50])
    ),
    "another version": lambda answers: answers.page(_WHEEL.replace(_VERSION, "8.3.1")),
    "a name with control characters": lambda answers: answers.page("\x1b[2J" + _WHEEL + "\x1b]0;x\x07"),
}
_GOOD: dict[str, Callable[[_Answers], None]] = {
    "a sound index": lambda answers: (
        answers.page() if answers.is_page else answers.give(answers.wheel, "application/zip")
    ),
    "a sound index that is slow": _file(_slowly),
}


@dataclass(frozen=True)
class Mirror:
    """An index and what it does."""

    name: str
    is_sound: bool

    def __str__(self) -> str:
        return self.name


def mirrors(lab: Lab, tally: Tally) -> None:
    """Fetch the pin from each index, then from a sound one."""
    (wheel,) = lab.wheels().glob(_WHEEL)
    data = wheel.read_bytes()
    cases = [Mirror(name, name in _GOOD) for name in (*_BAD, *_GOOD)]
    tally.each(cases, lambda mirror: _try(lab, data, mirror))


def _try(lab: Lab, wheel: bytes, mirror: Mirror) -> None:
    with lab.sandbox() as sandbox:
        shutil.rmtree(sandbox.path / "cache" / "pins")
        with _serving(wheel, {**_BAD, **_GOOD}[mirror.name]) as address:
            ended = _fetch(sandbox, address)
        check_ended_well(ended, (0,) if mirror.is_sound else (1,))
        check_none_runs(sandbox)
        if not mirror.is_sound:
            _check_nothing_kept(sandbox, ended)
            with _serving(wheel, _GOOD["a sound index"]) as address:
                check_ended_well(_fetch(sandbox, address), (0,))


def _check_nothing_kept(sandbox: Sandbox, ended: Ended) -> None:
    left = [name for name in names(sandbox) if name.startswith(("tmp/", "work/", "cache/pins/"))]
    if left:
        raise Died(f"the index failed, and this is kept of it: {left[:6]}\n{ended.err}", sandbox.path)
    if "\x1b" in ended.err:
        raise Died(f"control characters of the index reach the terminal\n{ended.err!r}")


def _fetch(sandbox: Sandbox, address: str) -> Ended:
    words = ("apply", "--repo", PIN, "--module", "DSConv", "--source", "pypi", "--dest", "w")
    index = {"PIP_INDEX_URL": f"{address}/simple", "PIP_CONFIG_FILE": "/dev/null", "PIP_NO_CACHE_DIR": "1"}
    return sandbox.run(words, **index, PIP_DEFAULT_TIMEOUT="5")


@contextmanager
def _serving(wheel: bytes, behave: Callable[[_Answers], None]) -> Iterator[str]:
    ended = threading.Event()
    handler = type("Answers", (_Answers,), {"behave": staticmethod(behave), "wheel": wheel, "ended": ended})
    with serving(handler) as host:
        try:
            yield f"http://{host}"
        finally:
            ended.set()
