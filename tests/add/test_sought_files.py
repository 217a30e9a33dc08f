"""A file that a pasted one imports is read, too, if it lies where the import says, or beside it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from yolopatch.core.paste.reading import read_paste
from yolopatch.errors import EXIT_USAGE, YolopatchError
from yolopatch.steps.own import files
from yolopatch.steps.own.files import read_files

HEAD = "import torch\nimport torch.nn as nn\n"


def layer(name: str, made: str = "nn.Conv2d(c, c, 1)", base: str = "nn.Module") -> str:
    return (
        f"\n\nclass {name}({base}):\n    def __init__(self, c):\n        super().__init__()\n"
        f"        self.inner = {made}\n\n    def forward(self, x):\n        return x * self.inner(x)\n"
    )


INNER = f"{HEAD}{layer('Inner')}"


def outer(imports: str, made: str = "Inner(c)") -> str:
    return f"{HEAD}{imports}\n{layer('Outer', made)}"


PLACES: dict[str, tuple[str, dict[str, str]]] = {
    "beside it": ("from .parts import Inner", {"kit/nn/parts.py": INNER}),
    "in a folder above": ("from ..blocks.parts import Inner", {"kit/blocks/parts.py": INNER}),
    "from the root of the repository": ("from kit.blocks.parts import Inner", {"kit/blocks/parts.py": INNER}),
    "beside it, without the folders": ("from model.attention.Parts import Inner", {"kit/nn/Parts.py": INNER}),
    "beside it, with a folder": ("from models.ops.Parts import Inner", {"kit/nn/ops/Parts.py": INNER}),
    "a package that hands it on": (
        "from .ops import Inner",
        {"kit/nn/ops/__init__.py": "from .low import *\nfrom .parts import Inner\n", "kit/nn/ops/parts.py": INNER},
    ),
    "everything of a package": (
        "from .ops import *",
        {"kit/nn/ops/__init__.py": "from .parts import *\n", "kit/nn/ops/parts.py": INNER},
    ),
    "one of several that are imported as a whole": (
        "from .low import *\nfrom .parts import *",
        {"kit/nn/low.py": f"{HEAD}{layer('Other')}", "kit/nn/parts.py": INNER},
    ),
    "a file of that file": (
        "from .parts import Inner",
        {"kit/nn/parts.py": f"{HEAD}from .low import Base\n{layer('Inner', base='Base')}",
         "kit/nn/low.py": f"{HEAD}{layer('Base')}"},
    ),
    "a file that hands it on, and one of the same name that has it": (
        "from .utils import Inner, Base",
        {"kit/nn/utils.py": f"{HEAD}from kit.blocks.utils import Inner\n{layer('Base')}",
         "kit/blocks/utils.py": INNER},
    ),
    "a package that has it itself": ("from .parts import Inner", {"kit/nn/parts/__init__.py": INNER}),
    "a package that is imported as a whole": (
        "from . import parts",
        {"kit/nn/parts/__init__.py": "from .low import Inner\n", "kit/nn/parts/low.py": INNER},
    ),
    "a package in a folder that is imported as a whole": (
        "from kit import parts",
        {"kit/parts/__init__.py": "from .low import *\n", "kit/parts/low.py": INNER},
    ),
    "a package by its name alone": (
        "import parts",
        {"kit/parts/__init__.py": "from .low import Inner\n", "kit/parts/low.py": INNER},
    ),
    "a class that the pins' file of this name lacks": ("from .conv import Conv, Inner", {"kit/nn/conv.py": INNER}),
}  # fmt: skip


def laid_out(folder: Path, main: str, others: dict[str, str]) -> Path:
    for path, text in {"kit/nn/Outer.py": main, **others}.items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, "utf-8")
    return folder / "kit/nn/Outer.py"


@pytest.mark.parametrize("case", PLACES)
def test_a_file_is_found_where_the_import_says(case, tmp_path):
    line, others = PLACES[case]
    whole = line.split()[-1] == "parts"
    made = "parts.Inner(c)" if whole else "Inner(c)"
    found = read_files((laid_out(tmp_path, outer(line, made), others),))
    assert "parts.Inner" not in found.paste.text
    assert "Inner" in found.paste.classes
    assert "Other" not in found.paste.classes
    assert [one.first for one in found.sought][:1] == [4 if "\n" in line else 3]


BESIDE: dict[str, tuple[str, str]] = {
    "a class": ("from .parts import Inner", "Inner(c)"),
    "all of it": ("from .parts import *", "Inner(c)"),
    "the module": ("from . import parts", "parts.Inner(c)"),
    "the module by its name": ("import parts", "parts.Inner(c)"),
    "the module of a folder": ("from kit.nn import parts as p", "p.Inner(c)"),
}


@pytest.mark.parametrize("package", [True, False])
@pytest.mark.parametrize("case", BESIDE)
def test_of_a_folder_and_a_file_with_one_name_python_takes_the_package(case, package, tmp_path):
    line, made = BESIDE[case]
    of_folder = f"{HEAD}{layer('Inner', 'nn.Conv2d(c, c, 5, 1, 2)')}"
    others = {"kit/nn/parts.py": INNER, "kit/nn/parts/low.py": of_folder}
    if package:
        others["kit/nn/parts/__init__.py"] = "from .low import Inner\n"
    text = read_files((laid_out(tmp_path, outer(line, made), others),)).paste.text
    assert ("nn.Conv2d(c, c, 5, 1, 2)" in text) is package
    assert ("nn.Conv2d(c, c, 1)" in text) is not package


def test_what_a_package_hands_on_and_is_not_there_is_asked_for(yolopatch, tmp_path, own_catalog):
    others = {"kit/parts/__init__.py": "from .low import *\n"}
    ran = yolopatch("add", laid_out(tmp_path, outer("from kit import parts", "parts.Inner(c)"), others))
    assert ran.code == EXIT_USAGE
    assert "low.py of the post's own repository may" in ran.err
    assert "paste that file, too: --with low.py" in ran.err


def test_given_files_of_one_name_and_those_of_packages_stay_apart(tmp_path):
    main = laid_out(
        tmp_path,
        outer("import low\nfrom parts import Base", "low.Inner(Base(c))"),
        {"low/__init__.py": INNER, "parts/__init__.py": f"{HEAD}{layer('Base')}"},
    )
    low, parts = tmp_path / "low/__init__.py", tmp_path / "parts/__init__.py"
    assert read_files((main, low, parts, low)).paste.classes.keys() == {"Inner", "Base", "Outer"}


def test_it_becomes_a_module_and_is_said(yolopatch, tmp_path, own_catalog):
    file = laid_out(tmp_path, outer("from ..blocks.parts import Inner"), {"kit/blocks/parts.py": INNER})
    ran = yolopatch("add", file)
    assert ran.code == 0, ran.err
    assert "read: line 3 of Outer.py, ../blocks/parts.py is read, too" in ran.out
    ran = yolopatch("add", file, "--json")
    assert [name for name, _ in json.loads(ran.out)["siblings"]] == ["parts.py"]
    assert "class Inner" in (own_catalog / "modules/own_outer.py").read_text("utf-8")


def test_what_a_pin_has_is_the_pins(tmp_path):
    line = "from .conv import Conv, Inner"
    own = f"{INNER}{layer('Conv', 'nn.Identity()')}"
    file = laid_out(tmp_path, outer(line, "nn.Sequential(Conv(c, c), Inner(c))"), {"kit/nn/conv.py": own})
    found = read_files((file,))
    assert [*found.paste.classes] == ["Inner", "Outer"]
    assert "from .conv import Conv" in found.paste.text
    assert read_files((file, file.with_name("conv.py"))).paste.classes.keys() == {"Inner", "Conv", "Outer"}


def test_only_what_the_wanted_class_needs_is_looked_for(tmp_path):
    main = f"{outer('from .parts import Inner, Other')}{layer('Second', 'Other(c)')}"
    parts = {"kit/nn/parts.py": f"{INNER}{layer('Other')}"}
    assert "Other" not in read_files((laid_out(tmp_path, main, parts),), "Outer").paste.classes
    assert read_files((laid_out(tmp_path, main, parts),), "Second").paste.classes.keys() == {"Outer", "Second", "Other"}


NOT_THERE = {
    "no file": {},
    "a file without the class": {"kit/nn/parts.py": f"{HEAD}{layer('Other')}"},
    "a package that ends in a circle": {"kit/nn/parts/__init__.py": "from . import Inner\n"},
}


@pytest.mark.parametrize("case", NOT_THERE)
def test_a_file_that_is_not_there_is_asked_for(case, yolopatch, tmp_path, own_catalog):
    ran = yolopatch("add", laid_out(tmp_path, outer("from .parts import Inner"), NOT_THERE[case]))
    assert ran.code == EXIT_USAGE
    assert "--with parts.py" in ran.err


def test_a_package_that_the_user_names_is_not_looked_for(tmp_path):
    file = laid_out(tmp_path, outer("from Parts import Inner"), {"kit/nn/Parts.py": INNER})
    assert "Inner" in read_files((file,)).paste.classes
    assert "Inner" not in read_files((file,), packages=frozenset({"Parts"})).paste.classes


def test_a_file_that_is_found_and_is_no_python_is_told(tmp_path):
    file = laid_out(tmp_path, outer("from .parts import Inner"), {"kit/nn/parts.py": "class Inner(:\n    pass\n"})
    with pytest.raises(YolopatchError, match=r"parts\.py, line 1"):
        read_files((file,))


def test_each_file_is_read_once(tmp_path, monkeypatch):
    read = []
    monkeypatch.setattr(files, "read_paste", lambda data, name: read.append(name) or read_paste(data, name))
    line = "from .low import *\nfrom .parts import *"
    others = {"kit/nn/low.py": f"{HEAD}{layer('Other')}", "kit/nn/parts.py": f"{HEAD}from .low import Other\n{INNER}"}
    files.read_files((laid_out(tmp_path, outer(line), others),))
    assert sorted(read) == ["Outer.py", "low.py", "parts.py"]


def test_a_named_file_has_what_an_import_from_a_folder_like_upstreams_takes(tmp_path):
    main = laid_out(tmp_path, outer("from utils import Inner"), {"kit/nn/noise.py": INNER})
    assert "Inner" not in read_files((main,)).paste.classes
    assert "Inner" in read_files((main, main.with_name("noise.py"))).paste.classes
