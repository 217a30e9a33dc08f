"""Shared fixtures: one cache, one unpacked tree and one full workspace for each pin, built once a run."""

from __future__ import annotations

import hashlib
import inspect
import json
import os
import platform
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache as cached
from functools import partial
from pathlib import Path

import pytest
from filelock import FileLock
from jinja2 import FileSystemLoader

from yolopatch.catalog.environment.environments import SETS, set_for
from yolopatch.catalog.environment.fix_patches import COMPAT
from yolopatch.catalog.model.base_model import DETECT
from yolopatch.catalog.model.models import find_model
from yolopatch.catalog.pins import PINS, style_of
from yolopatch.catalog.resources import templates_dir
from yolopatch.cli.run import run
from yolopatch.core.model.cfg_text import Cfg, file_name, render_text
from yolopatch.core.templates import template_environment
from yolopatch.errors import SourceError
from yolopatch.outside.git import snapshot
from yolopatch.outside.own.own_catalog import load_own_catalog
from yolopatch.outside.source.store import pristine
from yolopatch.steps.environment import interpreters
from yolopatch.steps.model.render import render
from yolopatch.steps.model.render_request import RenderRequest
from yolopatch.steps.workspace.apply import apply

from .of_tutorials import MODULES

ALL_PINS = tuple(PINS)


def pytest_configure() -> None:
    """Let the workers share the cores: torch's threads are slow where there are more of them than cores."""
    # readline, which a debugger of the main process imports, sets both for its children, though none has a terminal
    for name in ("COLUMNS", "LINES"):
        os.environ.pop(name, None)
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", 1))
    if workers > 1:
        os.environ.setdefault("OMP_NUM_THREADS", str(max(1, (os.cpu_count() or 1) // workers)))


def is_mended(pin: str) -> bool:
    """Return whether the shared workspaces of a pin have the compatibility patch: only on the newest libraries."""
    libraries = set_for(PINS[pin], platform.python_version())
    return libraries != SETS[0] and libraries.needs_compat(PINS[pin])


@pytest.fixture(scope="session")
def shared(tmp_path_factory) -> Path:
    """A folder that all workers of this run share."""
    base = tmp_path_factory.getbasetemp()
    return base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base


@pytest.fixture(scope="session")
def cache(shared) -> Path:
    """The run's own cache of pins: the user's is never touched."""
    return shared / "cache"


@pytest.fixture(autouse=True)
def _environment(monkeypatch, cache):
    monkeypatch.setenv("YOLOPATCH_CACHE", str(cache))
    # nor is the user's own catalog read
    monkeypatch.setenv("YOLOPATCH_CATALOG", str(cache.parent / "no-catalog"))
    # workers share the cores: more threads than cores wait for each other longer than they work
    monkeypatch.setenv("OMP_NUM_THREADS", "1")


@pytest.fixture(scope="session", autouse=True)
def _look_at_this_interpreter_once() -> Iterator[None]:
    """Its libraries stay as they are while the tests run, and a look at them takes a quarter of a second."""
    look = interpreters.inspect_interpreter
    once = cached(look)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            interpreters, "inspect_interpreter", lambda name: (once if name == sys.executable else look)(name)
        )
        yield


@pytest.fixture
def own_catalog(tmp_path, monkeypatch) -> Iterator[Path]:
    """The folder of an own catalog, for one test; what the test registers is forgotten after it."""
    folder = tmp_path / "catalog"
    monkeypatch.setenv("YOLOPATCH_CATALOG", str(folder))
    yield folder
    load_own_catalog(tmp_path / "nothing")


def _once(folder: Path, build) -> Path:
    """Build the folder unless another worker has, and return it."""
    with FileLock(folder.with_name(folder.name + ".lock")):
        if not folder.exists():
            build(folder)
    return folder


def _skip_unless_reachable(name: str, cache: Path) -> None:
    try:
        with pristine(PINS[name], "auto", cache):
            pass
    except SourceError as error:
        pytest.skip(f"{error.what}: {'; '.join(error.details)}")


@pytest.fixture(scope="session")
def pristine_tree(shared, cache):
    """Give the folder with a pin's unchanged files; skips, and says why, where no source can be reached."""

    def unpack(name: str) -> Path:
        _skip_unless_reachable(name, cache)

        def build(folder: Path) -> None:
            with pristine(PINS[name], "auto", cache) as found:
                source = found.repository.path
                branch = snapshot.PRISTINE.removeprefix("refs/heads/")
                subprocess.run(["git", "clone", "-q", "-b", branch, str(source), str(folder)], check=True)

        return _once(shared / f"pristine-{name}", build)

    return unpack


@pytest.fixture(scope="session")
def running_tree(shared, cache, pristine_tree):
    """Give the folder of a pin that runs here: unchanged, or with only the compatibility patch. Read it only."""

    def make(name: str) -> Path:
        if not is_mended(name):
            return pristine_tree(name)
        _skip_unless_reachable(name, cache)
        return _once(
            shared / f"mended-{name}",
            lambda folder: apply(name, [], "paper", folder, "auto", cache, [COMPAT]),
        )

    return make


@pytest.fixture(scope="session")
def onnx_options():
    """Give the arguments with which torch exports by a trace, as upstream does: newer ones have another default."""
    from torch.onnx import export

    return {"dynamo": False} if "dynamo" in inspect.signature(export).parameters else {}


@pytest.fixture(scope="session")
def compat_option():
    """Give the option with which `apply` makes a workspace of a pin that runs with this Python's libraries, or none."""
    return lambda pin: ["--compat"] if is_mended(pin) else []


@pytest.fixture(scope="session")
def full_workspace(shared, cache):
    """Give a workspace of a pin with every module in one flavor. Read it only: all tests share it."""

    def make(name: str, flavor: str = "paper") -> Path:
        _skip_unless_reachable(name, cache)
        return _once(
            shared / f"workspace-{name}-{flavor}",
            lambda folder: apply(
                name, list(MODULES), flavor, folder, "auto", cache, fix_patches=[COMPAT] * is_mended(name)
            ),
        )

    return make


@pytest.fixture(scope="session")
def own_code_runs():
    """Skip where a pin's own code, without the compatibility patch, does not run with this Python's libraries."""

    def check(pin: str) -> None:
        if is_mended(pin):
            python = platform.python_version()
            pytest.skip(
                f"{pin} does not run as it is with the libraries of Python {python}; with those of 3.11 it does"
            )

    return check


@pytest.fixture(scope="session")
def need_pin(cache):
    """Skip, and say why, where no source of a pin can be reached; else the cache holds it from then on."""
    return lambda name: _skip_unless_reachable(name, cache)


@pytest.fixture(scope="session")
def fingerprint():
    """Give the digest of everything under a folder, .git included: names, kinds, modes, contents, link targets."""

    def digest(folder: Path) -> str:
        told = hashlib.sha256()
        for path in sorted(folder.rglob("*")):
            mode = path.lstat().st_mode
            what = os.readlink(path).encode() if path.is_symlink() else path.read_bytes() if path.is_file() else b""
            told.update(repr((str(path.relative_to(folder)), mode, what)).encode())
        return told.hexdigest()

    return digest


@pytest.fixture(scope="session")
def git_in():
    """Run git in a folder, as somebody with a name, and give what it prints."""

    def run_git(folder: Path, *arguments: str, check: bool = True) -> str:
        who = ("-c", "user.name=A User", "-c", "user.email=user@example.org", "-c", "protocol.file.allow=always")
        command = ["git", "-C", str(folder), *who, *arguments]
        return subprocess.run(command, check=check, capture_output=True, text=True).stdout

    return run_git


def _in_upstream(
    settings: Path, tree: Path, script: str, *arguments: object, given: object = None, timeout: float = 600
) -> str:
    environment = os.environ | {
        "PYTHONPATH": str(tree),
        "YOLO_OFFLINE": "true",
        "YOLO_AUTOINSTALL": "false",
        "YOLO_CONFIG_DIR": str(settings),
        "YOLOV5_CONFIG_DIR": str(settings),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    done = subprocess.run(
        [sys.executable, "-c", script, *map(str, arguments)],
        input=json.dumps(given),
        capture_output=True,
        text=True,
        env=environment,
        cwd=settings,
        timeout=timeout,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


@pytest.fixture
def in_upstream(tmp_path) -> Callable[..., str]:
    """Run a script on an upstream's tree in a child process, offline and with its own settings; returns its output."""
    return partial(_in_upstream, tmp_path)


@pytest.fixture
def base_cfg(tmp_path):
    """Write a model's YAML with no module in it and return its path."""

    def write(model: str, scale: str, task: str = DETECT):
        base = find_model(model, task).at(scale)
        cfg = Cfg(base, scale, base.nc)
        file = tmp_path / file_name(cfg)
        file.write_text(render_text(cfg, template_environment(FileSystemLoader(templates_dir()))))
        return file

    return write


@pytest.fixture
def module_cfg(tmp_path):
    """Write a model's YAML with a module in it; returns its path and the replaced layers."""

    def write(module: str, model: str, scale: str, flavor: str, block: bool = False, task: str = DETECT):
        request = RenderRequest((module,), model, task, scale, block=block, flavor=flavor, out=tmp_path)
        (file,) = render(request, templates_dir()).files
        return file.path, file.layers

    return write


# A base whose tensors are all different, as after a training: of constants nobody sees which is which.
_BASE = """
import sys
import torch
from yolopatch.probe.checkpoint.saving import save_as_upstream
from yolopatch.probe.tensors.tensors import image, calibrate, randomise_norms, seed_all
from yolopatch.probe.upstreams.opening import open_upstream
style, cfg, scale, out, form = sys.argv[1:]
upstream = open_upstream(style)
seed_all(11)
model = upstream.build(upstream.read(cfg, scale or None))
randomise_norms(model)
calibrate(model, image(model, 64, batch=4))
for name, tensor in model.state_dict().items():
    if name.endswith("num_batches_tracked"):
        tensor.fill_(hash(name) % 10_000)
if form == "state":
    torch.save(model.state_dict(), out)
elif form == "blind":
    for branch in model.model[-1].cv3:
        branch[-1].weight.data.zero_()
        branch[-1].bias.data.fill_(-20)
    save_as_upstream(upstream, model, out)
elif form == "nan":
    model.model[3].conv.weight.data[0] = float("nan")
    save_as_upstream(upstream, model, out)
else:
    save_as_upstream(upstream, model, out)
"""


@pytest.fixture
def checkpoint(shared, full_workspace, base_cfg, tmp_path):
    """Give a copy of a base model's checkpoint as upstream writes it, or of its `state` alone, `blind` for any object,
    or with `nan` in it."""

    def copied(pin: str, scale: str = "n", form: str = "model", model: str | None = None, task: str = DETECT) -> Path:
        model = model or PINS[pin].model
        workspace, cfg = full_workspace(pin), base_cfg(model, scale, task)

        def build(folder: Path) -> None:
            folder.mkdir()
            asked = (style_of(PINS[pin]), cfg, scale, folder / "base.pt", form)
            _in_upstream(folder, workspace, _BASE, *asked)

        made = _once(shared / f"base-{pin}-{model}-{task}-{scale}-{form}", build)
        return Path(shutil.copy(made / "base.pt", tmp_path / f"base-{scale}-{form}.pt"))

    return copied


@dataclass(frozen=True)
class Ran:
    """What a call of the command line gave."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> dict:
        """The one JSON object on stdout; anything else there is an error."""
        assert self.out.endswith("}\n"), self.out + self.err
        return json.loads(self.out)

    def check(self, name: str) -> dict:
        """One check of a verification at one scale."""
        return next(check for check in self.json["checks"] if check["id"] == name)


@pytest.fixture
def popen() -> Callable[..., subprocess.Popen]:
    """Start the command line and let the test go on; Ctrl-C reaches it even where this run ignores it."""

    def start(*arguments: object, **options: object) -> subprocess.Popen:
        command = [sys.executable, "-m", "yolopatch", *map(str, arguments)]
        return subprocess.Popen(
            command,
            # a shell starts its background jobs with SIGINT ignored, and children inherit that
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
            **{"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, **options},
        )

    return start


@pytest.fixture
def yolopatch(capfd) -> Callable[..., Ran]:
    """Run the command line in this process."""

    def call(*arguments: object) -> Ran:
        capfd.readouterr()
        code = run([str(argument) for argument in arguments])
        sys.stdout.flush()
        sys.stderr.flush()
        return Ran(code, *capfd.readouterr())

    return call


@pytest.fixture
def spawn() -> Callable[..., Ran]:
    """Run the command line in a process of its own: `python -m yolopatch`."""

    def call(*arguments: object, cwd: Path | None = None, python: tuple[str, ...] = (), **environment: str) -> Ran:
        done = subprocess.run(
            [sys.executable, *python, "-m", "yolopatch", *map(str, arguments)],
            cwd=cwd,
            env={**os.environ, **environment},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=120,
        )
        return Ran(done.returncode, done.stdout.decode(), done.stderr.decode())

    return call


@pytest.fixture
def latex_rows():
    """Read a table in LaTeX: its columns' letters, and its rows of cells. Its braces have to match."""

    def read(text: str) -> tuple[str, list[list[str]]]:
        depth = 0
        for brace in re.findall(r"(?<!\\)[{}]", re.sub(r"(?m)^%.*$", "", text)):
            depth += 1 if brace == "{" else -1
            assert depth >= 0, "a brace closes nothing"
        assert depth == 0, "a brace stays open"
        (columns,) = re.findall(r"\\begin\{tabular\}\{(\w+)\}", text)
        body = text.partition(r"\toprule")[2].partition(r"\bottomrule")[0]
        lines = [line for line in body.splitlines() if line and line != r"\midrule"]
        assert all(line.endswith(r" \\") for line in lines)
        rows = [re.split(r" ?(?<!\\)& ?", line.removesuffix(r" \\")) for line in lines]
        assert {len(row) for row in rows} == {len(columns)}
        return columns, rows

    return read
