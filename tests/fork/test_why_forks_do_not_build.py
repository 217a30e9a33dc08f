"""Why a fork does not build: the reason in one sentence, from its cause. All forks are tried in one process."""

from __future__ import annotations

import sys

import pytest

from yolopatch.wire.fork.models import (
    CODE,
    EXTENSION,
    GPU,
    NETWORK,
    OUTDATED,
    OWN_FILE,
    PACKAGE,
    PLACE,
    PROGRAM,
    SYNTAX,
    Built,
    Unbuilt,
)

from .small_upstream import CFG, FILES, build_all, changed

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows cannot fork a process")

_UNPUBLISHED = [f"C2f_{number}" for number in range(80)]
_TASKS = "from ultralytics.nn.modules import Concat, Conv, Detect\n"
_MODEL = "        return torch.relu(self.bn(self.conv(x)))\n"


def _forward(code: str, imports: str = "") -> dict[str, str]:
    files = changed(modules=(_MODEL, f"        {code}\n{_MODEL}"))
    return {**files, "ultralytics/nn/modules.py": imports + files["ultralytics/nn/modules.py"]}


def _imported(code: str) -> dict[str, str]:
    return changed(tasks=(_TASKS, f"{code}\n{_TASKS}"))


# name: (files, reason, words of the sentence)
DO_NOT_BUILD = {
    "uses a package": (
        _forward("rearrange(x, 'b c h w -> b h w c')", "from einops import rearrange\n"),
        PACKAGE,
        "layer 0 (Conv), ultralytics/nn/modules.py:14 uses einops.rearrange, and einops is not installed",
    ),
    "tried an extension": (
        _forward("selective_scan_cuda.fwd(x)", "try:\n    import selective_scan_cuda\nexcept ImportError:\n    pass\n"),
        EXTENSION,
        "uses selective_scan_cuda, and selective_scan_cuda is not installed",
    ),
    "derives from a package": (
        changed(modules=("class Conv(nn.Module)", "from timm.layers import Base\nclass Conv(Base)")),
        PACKAGE,
        "uses timm.layers.Base, and timm is not installed",
    ),
    "computes with a package": (
        _forward("x = x * MEAN", "from timm.data import MEAN\n"),
        PACKAGE,
        "ultralytics/nn/modules.py:1 imports timm, and timm is not installed",
    ),
    "asks a package for its version": (
        _imported("import mmcv\nassert mmcv.__version__ >= '1.3'"),
        EXTENSION,
        "ultralytics/nn/tasks.py:4 imports mmcv, and mmcv is not installed",
    ),
    "compiles": (
        _imported("from torch.utils.cpp_extension import load_inline\nload_inline('own', 'int a;')"),
        EXTENSION,
        "ultralytics/nn/tasks.py:5 compiles an extension",
    ),
    "has no file": (
        changed(tasks=(_TASKS, f"{_TASKS}from ultralytics.nn.gone import Detect\n")),
        OWN_FILE,
        "layer 4 (Detect), ultralytics/nn/tasks.py:41 uses ultralytics.nn.gone.Detect, and the fork does not have it",
    ),
    "uses what a star of a file that is not there brings": (
        {
            **_forward("Gone(x)", "from .own import *\n"),
            "ultralytics/nn/own/__init__.py": "from .kit import *\n",
            "ultralytics/nn/own/kit.py": "from .gone import *\n",
        },
        OWN_FILE,
        "uses Gone, which no file of the fork defines; ultralytics/nn/own/kit.py:1 imports all of"
        " ultralytics.nn.own.gone, and the fork does not have it",
    ),
    "uses what a star of a package brings": (
        _forward("Gone(x)", "from timm.layers import *\n"),
        PACKAGE,
        "ultralytics/nn/modules.py:1 imports all of timm.layers, and timm is not installed",
    ),
    "has a folder without what makes it a package": (
        {**_imported("from ultralytics.nn.own import LOG\nassert LOG < 3"), "ultralytics/nn/own/part.py": ""},
        OWN_FILE,
        "tasks.py:4 imports LOG, and the fork does not have ultralytics/nn/own/__init__.py",
    ),
    "has no class": (
        changed(tasks=("m in {Conv}", "m in {Conv}")) | {"cfg": CFG.replace("Concat, []", "Gone, []")},
        OWN_FILE,
        "layer 3 (Gone) asks for Gone, which no file of the fork defines",
    ),
    "is no python": (_imported("def broken(:"), SYNTAX, "ultralytics/nn/tasks.py:4 is no Python of 3."),
    "reads a path of windows": (
        _forward(r"open(r'D:\data\weights.txt')"),
        PLACE,
        r"reads D:\data\weights.txt, a path of its author's machine",
    ),
    "reads a path of its author's home": (
        _imported("open('/home/me/data/weights.txt')"),
        PLACE,
        "ultralytics/nn/tasks.py:4 reads /home/me/data/weights.txt, a path of its author's machine",
    ),
    "reads a file below its author's folder": (
        _imported("import os\nDATA = '/home/me/data'\nopen(os.path.join(DATA, 'x', 'weights.txt'))"),
        PLACE,
        "reads /home/me/data/x/weights.txt, a path of its author's machine",
    ),
    "reads a path of windows with slashes": (
        _forward("open('D:/data/me/weights.txt')"),
        PLACE,
        "reads D:/data/me/weights.txt, a path of its author's machine",
    ),
    "reads a file of its own that was not published": (
        _imported("from pathlib import Path\nopen(Path(__file__).resolve().parents[1] / 'cfg' / 'gone.yaml')"),
        OWN_FILE,
        "ultralytics/nn/tasks.py:5 reads ultralytics/cfg/gone.yaml, which the fork does not have",
    ),
    "reads a file of the home folder": (
        _imported("from pathlib import Path\nopen(Path.home() / 'gone' / 'weights.txt')"),
        PLACE,
        "gone/weights.txt, which is not there",
    ),
    "writes a file": (
        _imported("open('/tmp/yolopatch-must-not-be', 'w')"),
        PLACE,
        "ultralytics/nn/tasks.py:4 writes a file outside its own folder: /tmp/yolopatch-must-not-be",
    ),
    "installs": (
        _imported("import subprocess, sys\nsubprocess.run([sys.executable, '-m', 'pip', 'install', 'timm'])"),
        PROGRAM,
        "-m pip install timm",
    ),
    "starts a shell": (_imported("import os\nos.system('rm -rf build')"), PROGRAM, "another program: rm -rf build"),
    "downloads": (
        _imported("from urllib.request import urlopen\nurlopen('http://example.org/w.pt')"),
        NETWORK,
        "ultralytics/nn/tasks.py:5 uses the network",
    ),
    "ends its parent": (_imported("import os\nos.kill(os.getppid(), 9)"), PROGRAM, "ends another process"),
    "deletes": (
        _imported("import shutil\nshutil.rmtree('/tmp/yolopatch-must-not-be')"),
        PLACE,
        "outside its own folder",
    ),
    "ends itself": (_imported("import sys\nsys.exit(0)"), PROGRAM, "ultralytics/nn/tasks.py:5 ends the process"),
    "needs a gpu": (
        _forward("raise AssertionError('Torch not compiled with CUDA enabled')"),
        GPU,
        "layer 0 (Conv), ultralytics/nn/modules.py:13 runs only on a GPU",
    ),
    "needs an older library": (_forward("torch.gone_since(x)"), OUTDATED, "uses torch.gone_since, which torch"),
    "has other channels": (
        changed(modules=("nn.Conv2d(c1, c2, k", "nn.Conv2d(c2, c1, k")),
        CODE,
        "layer 0 (Conv) cannot process the output of layer the image",
    ),
}
# name: (files, what is absent)
BUILD_WITHOUT = {
    "imports a package": (_imported("from timm.layers import DropPath, trunc_normal_"), ["timm"]),
    "decorates with a package": (
        _imported("from mmcv.runner import register\n@register\ndef own(): pass\n@register('a', 1)\ndef other(): pass"),
        ["mmcv"],
    ),
    "two packages, one by a star": (
        _imported("from einops.layers.torch import *\nimport thop_of_nobody\nown = [Rearrange('b c -> c b')]"),
        ["einops", "thop_of_nobody", "ultralytics.nn.tasks:Rearrange"],
    ),
    "tries a package": (_imported("try:\n    import mamba_ssm\nexcept ImportError:\n    mamba_ssm = None"), []),
    "imports from beside": (
        {**_imported("from extra.own import Own"), "ultralytics/nn/extra/own.py": "class Own: pass\n"},
        ["extra"],
    ),
    "two files import each other": (
        {
            **changed(modules=("import torch\n", "from ultralytics.nn.other import Other\nimport torch\n")),
            "ultralytics/nn/other.py": "from ultralytics.nn.modules import Conv\nclass Other: own = Conv\n",
        },
        ["ultralytics.nn.modules:Conv"],
    ),
    "forgets an import": (
        {
            **changed(tasks=("{Conv}", "{Conv, Own}")),
            "ultralytics/nn/own.py": "class Own: pass\n",
        },
        ["ultralytics.nn.tasks:Own"],
    ),
    "forgets the import of a row's class": (
        {
            **changed(tasks=("{Conv}", "{Conv} or m.__name__ == 'Own'")),
            "ultralytics/nn/own.py": "from ultralytics.nn.modules import Conv\nclass Own(Conv): pass\n",
            "cfg": CFG.replace("Conv, [16, 1, 1]", "Own, [16, 1, 1]"),
        },
        ["ultralytics.nn.tasks:Own"],
    ),
    "lists more classes than it published": (
        changed(tasks=("{Conv}", f"{{Conv, {', '.join(_UNPUBLISHED)}}}")),
        [f"ultralytics.nn.tasks:{name}" for name in _UNPUBLISHED],
    ),
    "has no name that nothing needs": (
        _imported("from ultralytics.nn.modules import Gone"),
        ["ultralytics.nn.modules:Gone"],
    ),
    "has no name of a library": (_imported("from torch.nn import Gone"), ["torch.nn:Gone"]),
    "nothing": (FILES, []),
}


FEW = (
    *("uses a package", "tried an extension", "has no class", "installs", "downloads"),
    *("imports a package", "imports from beside", "two files import each other", "nothing"),
)


def _names(forks):
    return [pytest.param(name, marks=[] if name in FEW else [pytest.mark.slow]) for name in forks]


@pytest.fixture(scope="module")
def answers(request, shared):
    """Give what the probe says of the forks that the selected tests need, by name."""
    asked = {
        item.callspec.params["name"]
        for item in request.session.items
        if "answers" in item.fixturenames and hasattr(item, "callspec")
    }
    forks = {name: files for name, (files, *_) in {**DO_NOT_BUILD, **BUILD_WITHOUT}.items() if name in {*asked, *FEW}}
    return build_all(shared / f"why-{len(forks)}", forks)


@pytest.mark.parametrize("name", _names(DO_NOT_BUILD))
def test_the_reason_is_told(answers, name):
    _, reason, words = DO_NOT_BUILD[name]
    found = answers[name]
    assert isinstance(found, Unbuilt), found
    assert (found.reason, words in found.why) == (reason, True), found


@pytest.mark.parametrize("name", _names(BUILD_WITHOUT))
def test_what_a_model_does_not_need_is_told_and_does_not_stop_it(answers, name):
    found = answers[name]
    assert isinstance(found, Built), found
    assert [one.name for one in found.absent] == BUILD_WITHOUT[name][1]
    assert found.parameters == answers["nothing"].parameters


def test_a_package_is_named_as_pip_knows_it(answers):
    assert answers["uses a package"].hint == "install the package that has it: python3 -m pip install einops"
    assert answers["tried an extension"].hint.startswith("selective_scan_cuda has to be compiled, for CUDA mostly")
    assert answers["imports a package"].absent[0].what == (
        "ultralytics/nn/tasks.py:4 imports timm, and timm is not installed"
    )


def test_a_file_that_lies_elsewhere_is_named_with_its_folder(answers):
    (lack,) = answers["imports from beside"].absent
    assert lack.what.endswith("imports extra, which is in ultralytics/nn: it works only with that folder on the path")
