"""Port every module to many releases, and write the results as a page."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from packaging.version import Version

from yolopatch.core.port.porting import PORTED, STAMP
from yolopatch.errors import YolopatchError
from yolopatch.maintain.forms import form_of
from yolopatch.outside.source.pypi import list_versions
from yolopatch.outside.source.releases import PROJECT, find_release
from yolopatch.outside.source.store import cache_dir
from yolopatch.steps.port.port import Port, PortRequest, port

# The first and the last release of each minor version, and some between; `newest` is the newest one on PyPI.
NEWEST, OLDEST = "newest", "8.0.136"
SPREAD = (
    *(OLDEST, "8.0.201", "8.1.0", "8.1.47", "8.2.0", "8.2.50", "8.2.103", "8.3.0", "8.3.40", "8.3.100", "8.3.200"),
    *("8.4.0", "8.4.30", NEWEST),
)


_ROW = re.compile(r"^\| (\d\S*) \|.*\n", re.MULTILINE)
_FAILURE = re.compile(r"^\n(\d\S*):.*\n(\n?- .*\n)*", re.MULTILINE)
_WHAT = (
    "For each release the patches of every module in both flavors and the stamp's\n"
    "were made anew, what they rely on was compared with the release's own code, and they were compiled. A proof\n"
    "is a model of the family at scale n that was built with one module, in the layers of its tutorial or in the\n"
    "family's blocks: every replaced layer is the module's, the head and every other layer have the base's class\n"
    "and parameters, and it runs forward and backward. `docs/port.md` says what is compared.\n"
)


@dataclass(frozen=True)
class Result:
    """The result for one release: the port, or why it failed.

    Attributes:
        seconds: how long it took.
    """

    version: str
    port: Port | None
    failure: str
    seconds: float

    @property
    def holds(self) -> bool:
        """Whether every module was ported, and proven if that was requested."""
        return self.port is not None and self.port.holds


@dataclass(frozen=True)
class Form:
    """Releases with the same code in the places that patches change.

    Attributes:
        results: one for each release, without a proof, oldest first.
        proven: the result of the newest release, with the proof.
    """

    results: tuple[Result, ...]
    proven: Result


def every_version() -> list[str]:
    """Return the versions from the oldest that can be ported to the newest that the package index has.

    Raises:
        SourceError: it cannot be asked.
    """
    return [one for one in list_versions(PROJECT) if Version(one) >= Version(OLDEST)]


def port_spread(versions: Sequence[str], proves: bool, python: str, modules: Sequence[str] = ()) -> Iterator[Result]:
    """Port these modules, without any every one, to each of these versions, one after the other."""
    for asked in versions:
        version = every_version()[-1] if asked == NEWEST else asked
        start = time.perf_counter()
        request = PortRequest(f"{PROJECT}=={version}", modules=tuple(modules), proves=proves, python=python)
        try:
            found, failure = port(request, cache_dir(), lambda *step: None), ""
        except YolopatchError as error:
            found, failure = None, "; ".join([error.what, *error.details[-1:]])
        yield Result(version, found, failure, time.perf_counter() - start)


def page(results: Iterable[Result], earlier: str = "") -> str:
    """Return the Markdown page of these results, with the rows that the page had so far of other releases."""
    head = (
        "# The patches on releases without a pin\n\n"
        f"Written by `make port-matrix`. {_WHAT}\n"
        "A run of some releases leaves the rows of the others as they were; a row with fewer patches is of a\n"
        "time when there were fewer modules.\n\n"
        "| release | base model | patches | stamp | models built and run | wheel's sha256 |\n"
        "|---|---|---|---|---|---|\n"
    )
    rows, failures = ({one[1]: one[0] for one in part.finditer(earlier)} for part in (_ROW, _FAILURE))
    for result in results:
        rows[result.version] = _row(result)
        failures[result.version] = "" if result.holds else _failure_text(result)
    order = sorted(rows, key=Version)
    return head + "".join(rows[one] for one in order) + "".join(failures.get(one, "") for one in order)


def port_every(
    python: str,
    watch: Callable[[Result], None],
    versions: Sequence[str] = (),
    modules: Sequence[str] = (),
) -> list[Form]:
    """Port to every release; the newest of those that have the same code where patches go is proven for all of them.

    Args:
        python: the interpreter to build models with.
        watch: called with the result of each release, and of each proof.
        versions: the releases, without any every one.
        modules: the modules, without any every one.
    """
    forms: dict[str, list[Result]] = {}
    for result in port_spread(versions or every_version(), False, python, modules):
        watch(result)
        forms.setdefault(_form(result), []).append(result)
    found = []
    for results in forms.values():
        newest = results[-1]
        (proven,) = port_spread([newest.version], True, python, modules) if newest.port else (newest,)
        watch(proven)
        found.append(Form(tuple(results), proven))
    return found


def _form(result: Result) -> str:
    """Return a key that releases with the same code share; the version if there is no port."""
    if result.port is None:
        return result.version
    pin = result.port.pin
    return pin.model + form_of(pin, find_release(f"{PROJECT}=={result.version}", cache_dir()).texts)


def every_page(forms: Sequence[Form]) -> str:
    """Return the Markdown page of these forms."""
    order = [str(one) for one in sorted(Version(result.version) for form in forms for result in form.results)]
    holding = sum(result.holds for form in forms for result in form.results)
    head = (
        "# The patches on every release\n\n"
        f"Written by `make port-every`. {_WHAT}\n"
        "Releases with the same parse_model, fuse(), Conv and blocks are one row; the newest was proven.\n\n"
        f"Of {len(order)} releases from {order[0]} to {order[-1]}, the patches of {holding} hold.\n\n"
        "| releases | how many | hold | base model | proven on | models built and run |\n|---|---|---|---|---|---|\n"
    )
    failed = [result for form in forms for result in (*form.results, form.proven) if not result.holds]
    return head + "".join(_form_row(form, order) for form in forms) + "".join(map(_failure_text, failed))


def _form_row(form: Form, order: Sequence[str]) -> str:
    named = ", ".join(_runs([result.version for result in form.results], order))
    holding = sum(result.holds for result in form.results)
    port = form.results[-1].port
    model = port.pin.model if port else ""
    return f"| {named} | {len(form.results)} | {holding} | {model} | {form.proven.version} | {_proven(form.proven)} |\n"


def _runs(versions: Sequence[str], order: Sequence[str]) -> Iterator[str]:
    """Yield ranges of releases that follow each other: `first to last`, or one version."""
    numbers = sorted(map(order.index, versions))
    starts = [n for n in numbers if n - 1 not in numbers]
    ends = [n for n in numbers if n + 1 not in numbers]
    for start, end in zip(starts, ends):
        yield order[start] if start == end else f"{order[start]} to {order[end]}"


def _proven(result: Result) -> str:
    """Return how many models were built and run."""
    if result.port is None or result.port.proofs is None:
        return "none"
    proofs, failures = result.port.proofs, result.port.failures
    return f"{len(proofs) - len(failures)} of {len(proofs)}"


def _row(result: Result) -> str:
    if result.port is None:
        return f"| {result.version} | | none | | | |\n"
    found = result.port
    modules = [one for one in found.outcomes if one.module != STAMP]
    ported = sum(one.status == PORTED for one in modules)
    stamp = next(one.status for one in found.outcomes if one.module == STAMP)
    digest = f"`{found.pin.wheel.sha256[:16]}`" if found.pin.wheel else ""
    counted = f"{ported} of {len(modules)}"
    return f"| {result.version} | {found.pin.model} | {counted} | {stamp} | {_proven(result)} | {digest} |\n"


def _failure_text(result: Result) -> str:
    if result.port is None:
        return f"\n{result.version}: {result.failure}\n"
    lines = [f"\n{result.version}:\n\n"]
    for one in result.port.outcomes:
        lines += [f"- {one.module} {one.flavor}: {c.contract}, {c.where}: {c.found}\n" for c in one.conflicts]
    lines += [f"- {one.module} {one.flavor} ({one.place}): {one.failure}\n" for one in result.port.failures]
    return "".join(lines)
