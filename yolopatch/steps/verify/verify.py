"""`verify`: run the checks on a YAML's model in a child process, and collect their results."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from yolopatch import __version__
from yolopatch.catalog.environment.fix_patches import FixPatch, flags
from yolopatch.core.model.cfg_file import CfgFile
from yolopatch.core.model.side import require_side
from yolopatch.core.verify.checks import choose_checks
from yolopatch.outside.environment.interpreter import Interpreter
from yolopatch.outside.files.held import temporary_folder
from yolopatch.outside.files.model_yaml import find_cfg, read_cfg
from yolopatch.outside.probe.elsewhere import find_elsewhere
from yolopatch.outside.probe.inspect import require_device
from yolopatch.outside.probe.run_checks import Answers, Outcome, run_checks
from yolopatch.outside.source.store import cache_dir
from yolopatch.outside.watch import Watch, no_watch
from yolopatch.outside.workspace.checkout import Checkout, read_checkout
from yolopatch.outside.workspace.verdict import LastVerdict, write_verdict
from yolopatch.steps.environment.interpreters import find_interpreter_for
from yolopatch.steps.verify.history import read_history
from yolopatch.steps.verify.pristine import foreign_yamls, write_pristine, write_unedited
from yolopatch.steps.verify.starts import find_starts
from yolopatch.steps.workspace.choices import Choice, applied_choices
from yolopatch.wire.checks import CHECKS
from yolopatch.wire.statuses import FAIL, PASS
from yolopatch.wire.verification import History, NoPristine, Starts, VerifyRequest

_FIGURES = ("layers", "parameters", "gradients", "latency_ms", "latency_fused_ms", "fps")


@dataclass(frozen=True)
class Options:
    """How to verify.

    Attributes:
        python: the interpreter with upstream's requirements; None to find one.
        imgsz: side of the square image in pixels, for GFLOPs, exports and latency.
        base: upstream's own YAML that the file was made from; None for the most similar one.
        device: torch's name of it, `cpu`, `cuda:0` or `mps`; None for the first GPU, or the CPU without one.
        checks: the ids of the checks to run; empty for all.
        timeout: seconds that one check may take.
    """

    python: str | None = None
    imgsz: int = 640
    base: Path | None = None
    device: str | None = None
    checks: tuple[str, ...] = ()
    timeout: float = 300

    @property
    def asked(self) -> dict[str, object]:
        """The options with other values than the defaults, without the image size: the results have it."""
        chosen = {
            "base": str(self.base) if self.base else None,
            "device": self.device,
            "check": list(choose_checks(self.checks)) if self.checks else None,
            "python": self.python,
            "timeout": self.timeout if self.timeout != Options.timeout else None,
        }
        return {name: value for name, value in chosen.items() if value is not None}


@dataclass(frozen=True)
class Verification:
    """One model at one scale, checked.

    Attributes:
        pin: the pin's name, None for a checkout that yolopatch did not make.
        commit: the commit that was checked out, None without git.
        fix_patches: those that yolopatch applied to the checkout.
        facts: what the probe measured: `model`, `base`, `base_cfg`, `task`; each may be missing.
        checks: the result of each check, in their order.
        run: versions, device, date and duration.
        asked: the options that the user set, so that the run can be repeated.
    """

    workspace: Path
    pin: str | None
    commit: str | None
    modules: tuple[Choice, ...]
    fix_patches: tuple[FixPatch, ...]
    cfg: Path
    scale: str
    imgsz: int
    facts: Mapping[str, Any]
    checks: tuple[Outcome, ...]
    run: Mapping[str, object]
    asked: Mapping[str, object]

    @property
    def verdict(self) -> str:
        """`fail` if any check failed, else `pass`."""
        return FAIL if any(check.status == FAIL for check in self.checks) else PASS

    def data(self) -> dict[str, object]:
        """Return what `verify --json` prints; its keys are a contract."""
        base = self.facts.get("base")
        return {
            "workspace": str(self.workspace),
            "pin": self.pin,
            "commit": self.commit,
            "modules": [asdict(module) for module in self.modules],
            **flags(self.fix_patches),
            "cfg": str(self.cfg),
            "scale": self.scale,
            "imgsz": self.imgsz,
            "task": self.facts.get("task"),
            **_figures(self.facts.get("model") or {}),
            "base": {"cfg": self.facts.get("base_cfg"), **_figures(base)} if base else None,
            "checks": [asdict(check) for check in self.checks],
            "ran": {"checks": len(self.checks), "of": len(CHECKS)},
            "verdict": self.verdict,
            "run": dict(self.run),
            "asked": dict(self.asked),
        }


@dataclass(frozen=True)
class Verifications:
    """One YAML, checked at every scale of the file."""

    workspace: Path
    cfg: Path
    runs: tuple[Verification, ...]

    @property
    def verdict(self) -> str:
        """`fail` if any scale failed, else `pass`."""
        return FAIL if any(run.verdict == FAIL for run in self.runs) else PASS

    def data(self) -> dict[str, object]:
        """Return what `verify --all-scales --json` prints."""
        runs = [run.data() for run in self.runs]
        return {"workspace": str(self.workspace), "cfg": str(self.cfg), "verdict": self.verdict, "runs": runs}


def verify(place: Path, cfg: Path, scale: str | None, *, watch: Watch = no_watch, **options: Any) -> Verification:
    """Check the YAML's model at one scale.

    Args:
        place: the workspace, or another checkout of an upstream.
        cfg: the model YAML, from the current folder or from the workspace.
        scale: its scale; None for what the file says or its name carries.
        options: see Options.
        watch: called when a check starts.

    Raises:
        UsageError: the file, scale or check does not exist.
        NoWorkspaceError: the folder is no checkout of an upstream that we know.
        YolopatchError: the interpreter does not exist, cannot import upstream, or has no such device.
    """
    checkout, file, chosen = _read(place, cfg, Options(**options))
    letter = file.any_scale(scale, ", or --all-scales")
    with _open_subject(checkout, file, chosen) as subject:
        found = subject.run(letter, None, watch)
    _keep(checkout, (found,))
    return found


def verify_every_scale(place: Path, cfg: Path, *, watch: Watch = no_watch, **options: Any) -> Verifications:
    """Check the YAML's model at every scale of the file, one after the other.

    Raises:
        as `verify`; UsageError for a file with only one scale.
    """
    checkout, file, chosen = _read(place, cfg, Options(**options))
    letters = file.every_scale()
    with _open_subject(checkout, file, chosen) as subject:
        runs = tuple(subject.run(letter, file.multiples_at(letter), _named(watch, letter)) for letter in letters)
    _keep(checkout, runs)
    return Verifications(checkout.path, Path(file.path), runs)


def _keep(checkout: Checkout, runs: tuple[Verification, ...]) -> None:
    """Write what was found beside the workspace's lock; a workspace that cannot be written is verified all the same."""
    workspace, first = checkout.workspace, runs[0]
    if workspace is None:
        return
    verdict = LastVerdict(
        verdict=FAIL if any(run.verdict == FAIL for run in runs) else PASS,
        cfg=str(first.cfg),
        scale=", ".join(run.scale for run in runs),
        failed=tuple(dict.fromkeys(check.id for run in runs for check in run.checks if check.status == FAIL)),
        ran=len(first.checks),
        of=len(CHECKS),
        commit=workspace.tip.id,
        edited=bool(workspace.edited),
        date=str(first.run["date"]),
    )
    with suppress(OSError):
        write_verdict(workspace.path, verdict)


def _read(place: Path, cfg: Path, options: Options) -> tuple[Checkout, CfgFile, Options]:
    """Return the checkout, the file, and the options with the base's file found; the whole request is checked."""
    choose_checks(options.checks)
    require_side(options.imgsz)
    checkout = read_checkout(place.absolute())
    base = find_cfg(options.base, place) if options.base else None
    return checkout, read_cfg(find_cfg(cfg, place)), replace(options, base=base)


def _named(watch: Watch, letter: str) -> Watch:
    return lambda check, number, count: watch(f"{letter}: {check}", number, count)


@contextmanager
def _open_subject(checkout: Checkout, file: CfgFile, options: Options) -> Iterator[_Subject]:
    """Find the checkout's interpreter, and write its unchanged upstream into a folder while the block runs."""
    interpreter = find_interpreter_for(checkout, options.python, cache_dir())
    if options.device:
        require_device(options.device, interpreter.executable)
    with temporary_folder() as folder:
        pristine = folder / "upstream"
        missing = write_pristine(checkout, pristine, cache_dir())
        foreign = foreign_yamls(checkout) if missing else ()
        if foreign:
            write_unedited(checkout, foreign, pristine, cache_dir())
        asks = bool({"provenance", "loss"} & set(choose_checks(options.checks)))
        starts = find_starts(checkout, interpreter) if asks else None
        history, elsewhere = read_history(checkout), find_elsewhere(checkout, file)
        yield _Subject(
            checkout, interpreter, history, starts, pristine, missing, foreign, elsewhere, Path(file.path), options
        )


@dataclass(frozen=True)
class _Subject:
    """A YAML in a checkout, ready to be checked at any scale."""

    checkout: Checkout
    interpreter: Interpreter
    history: History
    starts: Starts | None
    pristine: Path
    no_pristine: NoPristine | None
    foreign: tuple[str, ...]
    elsewhere: Mapping[str, str]
    cfg: Path
    options: Options

    def run(self, letter: str, numbers: Mapping[str, float] | None, watch: Watch) -> Verification:
        """Check it at a scale; `numbers` are the multiples for a file of another scale, else None."""
        started, date = time.monotonic(), datetime.now(timezone.utc)
        answers = run_checks(
            self._request(letter, numbers),
            choose_checks(self.options.checks),
            python=self.interpreter.executable,
            timeout=self.options.timeout,
            watch=watch,
        )
        workspace = self.checkout.workspace
        return Verification(
            workspace=self.checkout.path,
            pin=workspace.pin.name if workspace else None,
            commit=self.checkout.commit,
            modules=applied_choices(workspace.applied) if workspace else (),
            fix_patches=self.checkout.fix_patches,
            cfg=self.cfg,
            scale=letter,
            imgsz=self.options.imgsz,
            facts=answers.facts,
            checks=answers.outcomes,
            run=_run(answers, date, time.monotonic() - started),
            asked=self.options.asked,
        )

    def _request(self, letter: str, numbers: Mapping[str, float] | None) -> VerifyRequest:
        return VerifyRequest(
            workspace=str(self.checkout.path),
            style=self.checkout.style,
            cfg=str(self.cfg.absolute()),
            scale=letter,
            imgsz=self.options.imgsz,
            device=self.options.device,
            pristine=None if self.no_pristine else str(self.pristine),
            no_pristine=self.no_pristine,
            foreign=self.foreign,
            unedited=str(self.pristine) if self.no_pristine else None,
            base=str(self.options.base.absolute()) if self.options.base else None,
            multiples=numbers,
            history=self.history,
            starts=self.starts,
            elsewhere=self.elsewhere,
        )


def _run(answers: Answers, date: datetime, seconds: float) -> dict[str, object]:
    return {
        "yolopatch": __version__,
        **dict.fromkeys(("python", "torch", "device")),  # None where upstream could not be imported
        **answers.environment,
        "date": date.isoformat(timespec="seconds"),
        "seconds": round(seconds, 2),
    }


def _figures(facts: Mapping[str, Any]) -> dict[str, object]:
    table = facts.get("table") or []
    flops = facts.get("gflops") or {}
    return {
        **{name: facts.get(name) for name in _FIGURES},
        "gflops": {"upstream": flops.get("upstream"), "true": flops.get("true")},
        "replaced": [row["index"] for row in table if row.get("replaced")],
        "table": table,
    }
