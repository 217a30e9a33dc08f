"""The pins: each upstream at one exact version, its sources, and the files that patches change."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from yolopatch.catalog.names import fold, unknown
from yolopatch.errors import UsageError


@dataclass(frozen=True)
class GitSource:
    """An upstream's tag. `commit` is the id that the tag must have, where one is published.

    Without a tag, the commit alone identifies the version; a pin of the user may have this form.
    """

    url: str
    tag: str
    commit: str | None = None

    @property
    def refspec(self) -> str:
        """The ref that git fetches."""
        return f"refs/tags/{self.tag}" if self.tag else str(self.commit)


@dataclass(frozen=True)
class WheelSource:
    """A wheel on PyPI and the sha256 that its bytes must have."""

    project: str
    version: str
    sha256: str


@dataclass(frozen=True)
class Layout:
    """Where an upstream keeps its parser and its modules, as paths from the tree's root.

    Attributes:
        style: `ultralytics` (each module has its own file) or `yolov5` (modules go to the end of `common`).
        parser: the file with `parse_model` and `fuse`.
        common: the file that holds upstream's own modules.
        critical: path prefixes of files that must be exactly as in the pin.
        package: the import package whose files the pin's manifest lists ("" for the whole tree).
    """

    style: str
    parser: str
    common: str
    critical: tuple[str, ...]
    package: str

    def module_file(self, source: str) -> str:
        """Return the path of the upstream file that holds the module with this source name."""
        if self.style == "yolov5":
            return self.common
        return f"ultralytics/nn/modules/{source}.py"

    def is_critical(self, path: str) -> bool:
        """Tell whether a difference in this file would change what the parser or the modules do."""
        return path.startswith(self.critical)


@dataclass(frozen=True)
class Pin:
    """One upstream at one exact version.

    Attributes:
        model: the family of base models that it is for.
        block: the class of that family's blocks; only of this class the modules have one of their own.
        home: the user's own catalog with its manifest and patches; None for yolopatch's own pins.
        like: for a pin of the user, the pin of yolopatch that it was ported from.
        others: the further families whose classes it has.
    """

    name: str
    upstream: str
    model: str
    block: str
    layout: Layout
    git: GitSource | None
    wheel: WheelSource | None
    home: Path | None = None
    like: str | None = None
    others: tuple[str, ...] = ()

    @property
    def families(self) -> tuple[str, ...]:
        """The families of base models that it builds, its own first."""
        return (self.model, *self.others)

    @property
    def version(self) -> str:
        """The part of the name after the upstream: `8.3.0`, `pypi-6.1.0`."""
        return self.name.removeprefix(self.upstream + "-")

    @property
    def family(self) -> str:
        """The name of our pin whose patches it has: the pin that it was ported from, or its own name."""
        return self.like or self.name


_ULTRALYTICS = Layout(
    style="ultralytics",
    parser="ultralytics/nn/tasks.py",
    common="ultralytics/nn/modules/block.py",
    critical=("ultralytics/nn/", "ultralytics/utils/loss.py", "ultralytics/utils/tal.py"),
    package="ultralytics",
)


_FURTHER = ("yolov9", "yolov10", "rtdetr")


def _ultralytics(version: str, model: str, block: str, sha256: str, others: tuple[str, ...] = _FURTHER) -> Pin:
    return Pin(
        name=f"ultralytics-{version}",
        upstream="ultralytics",
        model=model,
        block=block,
        layout=_ULTRALYTICS,
        git=GitSource("https://github.com/ultralytics/ultralytics", f"v{version}"),
        wheel=WheelSource("ultralytics", version, sha256),
        others=others,
    )


# Sorted by age: the last pin of an upstream is its newest.
PINS: dict[str, Pin] = {
    pin.name: pin
    for pin in (
        _ultralytics("8.2.50", "yolov8", "C2f", "e8c2912fb4b32c3d97fcde0f2ab351078d3d75bd4b02fb4948c52568efb3b5c5"),
        _ultralytics("8.3.0", "yolo11", "C3k2", "3137c4921c18c8ddf610f64f1badc2dad2a9fd182e10218c2bbb29caee308b9e"),
        _ultralytics(
            "8.4.0",
            "yolo26",
            "C3k2",
            "aee243594368d1c9e2aac36e53d93a1da520f7b4223a62dfc54832d6d4bf627a",
            others=("yolo12", *_FURTHER),
        ),
        Pin(
            name="yolov5-pypi-6.1.0",
            upstream="yolov5",
            model="yolov5",
            block="C3",
            layout=Layout(
                "yolov5",
                "yolov5/models/yolo.py",
                "yolov5/models/common.py",
                ("yolov5/models/", "yolov5/utils/loss.py"),
                "yolov5",
            ),
            git=None,
            wheel=WheelSource("yolov5", "6.1.0", "987ddc2dc9bfaa10c737e0c66fb459f4ebf71ab4e165d0fac0cd9d08c803a22a"),
        ),
        Pin(
            name="yolov5-6.1",
            upstream="yolov5",
            model="yolov5",
            block="C3",
            layout=Layout("yolov5", "models/yolo.py", "models/common.py", ("models/", "utils/loss.py"), ""),
            git=GitSource("https://github.com/ultralytics/yolov5", "v6.1", "3752807c0b8af03d42de478fbcbf338ec4546a6c"),
            wheel=None,
        ),
    )
}

PORTED = "ultralytics"  # the upstream whose other releases `port` makes pins of
_RELEASE = re.compile(r"(?:([A-Za-z][A-Za-z0-9]*)(?:==|[-@= ]))?v?(\d+(?:\.\w+)+)")
UPSTREAMS: tuple[str, ...] = tuple(dict.fromkeys(pin.upstream for pin in PINS.values()))


def find_pin(name: str) -> Pin | None:
    """Return the pin of this name (`ultralytics-8.3.0` or `ultralytics@8.3.0`), or None."""
    wanted = fold(name.replace("@", "-"))
    return next((pin for pin in PINS.values() if fold(pin.name) == wanted), None)


def find_upstream(name: str) -> str | None:
    """Return the upstream of this name (`ultralytics`, `yolov5`), or None."""
    return next((upstream for upstream in UPSTREAMS if fold(upstream) == fold(name)), None)


def newest(upstream: str) -> Pin:
    """Return the newest pin of yolopatch for an upstream; pins of the user do not count."""
    return [pin for pin in PINS.values() if pin.upstream == upstream and pin.home is None][-1]


def resolve_repo(name: str, tutorial_pins: list[str]) -> Pin:
    """Return the pin that `--repo` names.

    Args:
        name: an upstream or a pin.
        tutorial_pins: the pins of the modules' tutorials. If `name` is an upstream without a version and
            these agree on one of its pins, that pin is used; else the newest.

    Raises:
        UsageError: no upstream and no pin has that name.
    """
    pin = find_pin(name)
    if pin:
        return pin
    upstream = find_upstream(name)
    if upstream is None:
        raise _unknown_repo(name)
    candidates = {p for p in tutorial_pins if PINS[p].upstream == upstream}
    return PINS[candidates.pop()] if len(candidates) == 1 else newest(upstream)


def _unknown_repo(name: str) -> UsageError:
    release = _RELEASE.fullmatch(name.strip())
    if release:
        upstream, version = find_upstream(release[1] or ""), release[2]
        meant = [pin for pin in PINS.values() if pin.version == version and upstream in (None, pin.upstream)]
        if meant:
            return UsageError(f"unknown repository or pin {name!r}", hint=f"did you mean {meant[0].name}?")
        if upstream:
            return _no_pin_of(name, upstream, version)
    ours = [pin for pin in PINS.values() if pin.home is None]
    pins = [pin.name for pin in ours if any(_is_model(name, family) for family in pin.families)]
    if pins:
        return UsageError(
            f"{name} is a model, and --repo needs an upstream or a pin",
            details=[f"{pin} has it" for pin in pins],
            hint=f"--repo {pins[-1]}",
        )
    last = find_upstream(name.rstrip("/").rpartition("/")[2].removesuffix(".git"))
    if last:  # the address of its repository
        return UsageError(f"unknown repository or pin {name!r}", hint=f"did you mean {last}?")
    return unknown("repository or pin", name, [*UPSTREAMS, *PINS], "yolopatch list pins")


def _no_pin_of(name: str, upstream: str, version: str) -> UsageError:
    known = [pin.name for pin in PINS.values() if pin.upstream == upstream]
    hint = f"--repo {' or '.join(known)}"
    port = port_command(f"{upstream}-{version}")
    if port:
        hint = f"make a pin of it: {port}; or use {hint}"
    return UsageError(f"there is no pin {name!r}", details=[f"known: {', '.join(known)}"], hint=hint)


def _is_model(name: str, family: str) -> bool:
    """Tell whether a name is that of a family's model, at any scale, for any task, as file or not: `yolo11n-seg.pt`."""
    stem = fold(name.partition(".")[0]).replace("yolov", "yolo")  # people write yolov11, and yolo8
    size = r"([nslmxbtce]|resnet\d+)?"
    return re.fullmatch(re.escape(family.replace("yolov", "yolo")) + size + "(seg|pose|obb|cls)?", stem) is not None


def port_command(name: str) -> str | None:
    """Return the command that makes the pin of this name, None if the name is not that of a release."""
    release = _RELEASE.fullmatch(name)
    if not release or release[1] != PORTED:
        return None
    return f"yolopatch port --to {PORTED}=={release[2]} --save"


def style_of(pin: Pin) -> str:
    """Return how the probe imports the upstream: `ultralytics`, `yolov5` or `yolov5-package`."""
    if pin.layout.style == "yolov5" and pin.layout.package:
        return "yolov5-package"
    return pin.layout.style
