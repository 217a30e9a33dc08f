"""Port every module to a spread of releases, and write what came out as a page."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from yolopatch.catalog.modules import FLAVORS, MODULES
from yolopatch.core.porting import PORTED, STAMP
from yolopatch.errors import YolopatchError
from yolopatch.outside.releases import PROJECT
from yolopatch.outside.store import cache_dir
from yolopatch.steps.port import Port, PortRequest, port

# The ends of each line of releases, and what lies between; `newest` is what PyPI has that day.
NEWEST = "newest"
SPREAD = (
    *("8.1.0", "8.1.47", "8.2.0", "8.2.50", "8.2.103", "8.3.0", "8.3.40", "8.3.100", "8.3.200"),
    *("8.4.0", "8.4.30", NEWEST),
)


@dataclass(frozen=True)
class Result:
    """What became of one release: the port, or why there is none.

    Attributes:
        seconds: that it took, all in all.
    """

    version: str
    port: Port | None
    failure: str
    seconds: float

    @property
    def holds(self) -> bool:
        """Whether every module was ported, and proven where that was asked for."""
        return self.port is not None and self.port.holds


def newest_version() -> str:
    """Return the newest version that the package index has.

    Raises:
        YolopatchError: it cannot be asked.
    """
    command = [sys.executable, "-m", "pip", "index", "versions", PROJECT, "--disable-pip-version-check"]
    done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=120)
    said = re.search(rf"^{PROJECT} \((\S+)\)", done.stdout, re.MULTILINE)
    if said is None:
        raise YolopatchError(f"pip does not say {PROJECT}'s newest version", details=done.stderr.splitlines()[-3:])
    return said[1]


def port_spread(versions: Sequence[str], proves: bool, python: str | None) -> Iterator[Result]:
    """Port to each of these versions, one after the other."""
    for asked in versions:
        version = newest_version() if asked == NEWEST else asked
        start = time.perf_counter()
        request = PortRequest(f"{PROJECT}=={version}", proves=proves, python=python)
        try:
            found, failure = port(request, cache_dir(), lambda *step: None), ""
        except YolopatchError as error:
            found, failure = None, "; ".join([error.what, *error.details[-1:]])
        yield Result(version, found, failure, time.perf_counter() - start)


def page(results: Iterable[Result]) -> str:
    """Return the Markdown page of these results."""
    head = (
        "# The patches on releases that nobody pinned\n\n"
        "Written by `make port-matrix`. For each release the patches of every module in both flavors and the stamp's\n"
        "were made anew, what they rely on was compared with the release's own code, and they were compiled. A proof\n"
        "is a model of the family at scale n that was built with one module, in the layers of its tutorial or in the\n"
        "family's blocks: every replaced layer is the module's, the head and every other layer have the base's class\n"
        "and parameters, and it runs forward and backward. `docs/port.md` says what is compared.\n\n"
        "| release | base model | patches | stamp | models built and run | wheel's sha256 |\n"
        "|---|---|---|---|---|---|\n"
    )
    results = list(results)
    return head + "".join(map(_row, results)) + "".join(_told(result) for result in results if not result.holds)


def _row(result: Result) -> str:
    if result.port is None:
        return f"| {result.version} | | none | | | |\n"
    found = result.port
    modules = [one for one in found.outcomes if one.module != STAMP]
    ported = sum(one.status == PORTED for one in modules)
    stamp = next(one.status for one in found.outcomes if one.module == STAMP)
    proven = "not asked for"
    if found.proofs is not None:
        proven = f"{len(found.proofs) - len(found.failures)} of {len(MODULES) * len(FLAVORS) * 2}"
    digest = f"`{found.pin.wheel.sha256[:16]}`"
    return f"| {result.version} | {found.pin.model} | {ported} of {len(modules)} | {stamp} | {proven} | {digest} |\n"


def _told(result: Result) -> str:
    if result.port is None:
        return f"\n{result.version}: {result.failure}\n"
    lines = [f"\n{result.version}:\n\n"]
    for one in result.port.outcomes:
        lines += [f"- {one.module} {one.flavor}: {c.contract}, {c.where}: {c.found}\n" for c in one.conflicts]
    lines += [f"- {one.module} {one.flavor} ({one.place}): {one.failure}\n" for one in result.port.failures]
    return "".join(lines)
