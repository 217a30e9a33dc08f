"""What an upstream gets of a pasted file: every definition byte for byte, nothing that runs, every name to be had."""

from __future__ import annotations

import ast

import pytest

from yolopatch.catalog.pins import PINS
from yolopatch.core.own.patch import imported_files
from yolopatch.core.paste.fitting import Fitted, fit
from yolopatch.core.paste.imports import Upstream
from yolopatch.core.paste.reading import read_paste
from yolopatch.core.paste.sifting import Wanted
from yolopatch.errors import UsageError

MODULES = "ultralytics.nn.modules"
NEW = Upstream("new", {"Conv": f"{MODULES}.conv", "autopad": f"{MODULES}.conv", "C2f": f"{MODULES}.block"})
OLD = Upstream("old", {"Conv": "models.common", "autopad": "models.common"})

_CONVS = [f"from {MODULES}.conv import Conv", f"from {MODULES}.conv import autopad"]

CLASS = """class X(nn.Module):
    '''注意力 ①'''

    def __init__(self, c1):
        super().__init__()
        self.conv = Conv(c1, c1, 3)\t# 卷积

    def forward(self, x):
        return x * self.conv(x)
"""


def fitted(text: str, upstream: Upstream = NEW) -> Fitted:
    found = fit(read_paste(text.encode(), "x.py"), Wanted("X"), upstream)
    ast.parse(found.text)
    return found


@pytest.mark.parametrize(
    "line",
    [
        "from ultralytics.nn.modules.conv import Conv, autopad",
        "from ultralytics.nn.modules import Conv",
        "from models.common import Conv",
        "from yolov5.models.common import Conv",
        "from .conv import Conv",
        "from ..modules.conv import Conv",
        "from conv import Conv",
        "from common import *",
        "from .block import *",
        "from models.common import *",
        "",
    ],
)
def test_upstreams_names_come_from_where_this_upstream_has_them(line):
    for upstream in (NEW, OLD):
        found = fitted(f"import torch.nn as nn\n{line}\n\n\n{CLASS}", upstream)
        place = upstream.defined_in["Conv"]
        assert any(one.startswith(f"from {place} import") and "Conv" in one for one in found.imported)
        if line and not line.startswith(f"from {place}"):
            assert line not in found.text
        assert CLASS in found.text


def test_definitions_and_comments_stay_byte_for_byte():
    head = "# -*- coding: utf-8 -*-\n# 作者\n\nimport torch.nn as nn\nfrom .conv import Conv\n\nSIDE = 3  # 常数\n\n"
    text = head + CLASS.replace("c1, 3)", "c1, SIDE)")
    assert fitted(text).text == text.replace("from .conv", f"from {MODULES}.conv")


@pytest.mark.parametrize(
    "demo",
    [
        "if __name__ == '__main__':\n    print(X(3))\n",
        "print('hello')\n",
        "x = torch.randn(1, 3, 8, 8)\nmodel = X(3)\nmodel(x)\n",
        "for i in range(3):\n    X(i)\n",
        "torch.manual_seed(0)\n",
        "import sys; sys.path.append('..')\n",
        "with torch.no_grad():\n    X(3)\n",
        "assert X(3)\n",
    ],
)
def test_what_runs_by_itself_is_left_out(demo):
    found = fitted(f"import torch\nimport torch.nn as nn\n\n\n{CLASS}\n\n{demo}")
    calls = [
        node for node in ast.parse(found.text).body if not isinstance(node, (ast.ImportFrom, ast.Import, ast.ClassDef))
    ]
    assert not calls
    assert found.left_out
    assert "import sys" in found.text or "sys" not in demo


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("print(1); print(2)", []),
        ("print(1); SIDE = 3; print(2)", ["SIDE = 3"]),
        ("import torch; from models.common import Conv", ["import torch", f"from {MODULES}.conv import Conv"]),
        ("from .conv import Conv; from .conv import autopad; SIDE = 3", [*_CONVS, "SIDE = 3"]),
        ("print(1); from .conv import Conv; SIDE = (\n    3)", [_CONVS[0], "SIDE = (\n    3)"]),
    ],
)
def test_what_shares_a_line_is_kept_or_left_out_by_itself(line, expected):
    body = CLASS.replace("c1, 3)", "c1, SIDE)") if "SIDE" in line else CLASS
    found = fitted(f"import torch.nn as nn\n{line}\nTAIL = 1\n\n\n{body.replace('x * ', 'TAIL * ')}")
    shared = "".join(f"{one}\n" for one in expected)
    assert f"import torch.nn as nn\n{shared}TAIL = 1\n" in found.text.replace(f"{_CONVS[0]}\n", "", "Conv" not in line)


def test_a_constant_that_a_class_needs_stays():
    found = fitted(f"SIZES = {{'a': [3]}}\nUNUSED = print(3)\n{CLASS.replace('c1, 3)', 'c1, SIZES[0])')}")
    assert "SIZES = " in found.text
    assert "UNUSED" not in found.text


def test_missing_imports_are_added_behind_the_files_head():
    found = fitted(
        f'"""What it is."""\nfrom __future__ import annotations\n\n# 说明\n{CLASS.replace("x * ", "F.relu(x) * ")}'
    )
    assert found.text.startswith('"""What it is."""\nfrom __future__ import annotations\nimport torch.nn')
    assert {"import torch.nn as nn", "import torch.nn.functional as F"} <= set(found.imported)


def test_windows_line_ends_stay():
    text = f"import torch.nn as nn\n\n{CLASS}".replace("\n", "\r\n")
    found = fitted(text)
    assert "\n" not in found.text.replace("\r\n", "")


def test_timms_small_parts_are_there_without_timm():
    text = f"from timm.models.layers import DropPath, trunc_normal_\nimport torch.nn as nn\n\n{CLASS}"
    found = fitted(text.replace("super().__init__()", "super().__init__()\n        self.d = DropPath(0.1)"))
    assert not found.packages
    assert "class DropPath" in found.text
    assert "timm" not in found.text


def test_a_package_that_the_class_needs_is_told():
    found = fitted(f"import torch.nn as nn\nfrom einops import rearrange\n\n{CLASS.replace('x * ', 'rearrange(x) * ')}")
    assert found.packages == ("einops",)


def test_a_package_that_only_others_need_goes_with_them():
    other = "class Other(nn.Module):\n    f = ConvModule\n"
    found = fitted(f"import torch.nn as nn\nfrom mmcv.cnn import ConvModule\n\n{other}\n\n{CLASS}")
    assert not found.packages
    assert "mmcv" not in found.text
    assert "Other" not in found.text
    assert [why for *_, why in found.left_out] == ["needs mmcv", "needs mmcv"]


def test_an_import_that_says_what_to_do_without_stays():
    guarded = "try:\n    from einops import rearrange\nexcept ImportError:\n    rearrange = None\n"
    found = fitted(f"import torch.nn as nn\n{guarded}\n{CLASS.replace('x * ', 'rearrange(x) * ')}")
    assert guarded in found.text
    assert not found.packages


UNHANDLED = {
    "pass": "except ImportError:\n    pass\n",
    "any exception": "except:\n    pass\n",
    "a message": "except ImportError as error:\n    print(error)\n",
    "another name": "except ImportError:\n    available = False\n",
    "a finally": "except ImportError:\n    pass\nfinally:\n    done = True\n",
}


@pytest.mark.parametrize("case", UNHANDLED)
def test_a_package_that_a_try_only_keeps_quiet_about_is_told(case):
    guarded = f"try:\n    from einops import rearrange\n{UNHANDLED[case]}"
    found = fitted(f"import torch.nn as nn\n{guarded}\n{CLASS.replace('x * ', 'rearrange(x) * ')}")
    assert found.packages == ("einops",)


@pytest.mark.parametrize("case", UNHANDLED)
def test_a_file_of_the_post_that_a_try_only_keeps_quiet_about_is_to_be_pasted_in(case):
    guarded = f"try:\n    from ultralytics.nn.ops.rotate import Rotate\n{UNHANDLED[case]}"
    with pytest.raises(UsageError) as caught:
        fitted(f"import torch.nn as nn\n{guarded}\n{CLASS.replace('x * ', 'Rotate(x) * ')}")
    assert "it needs Rotate of ultralytics.nn.ops.rotate, a file of the post's own repository" in caught.value.what
    assert "--with rotate.py" in caught.value.hint


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("from .block import C2f, Conv\n\n\nclass X(C2f):\n    pass\n", "it needs C2f, which old does not have"),
        (
            "from .conv import DWConv\n\n\nclass X(nn.Module):\n    m = DWConv\n",
            "it needs DWConv, which old does not have",
        ),
        (
            "class X(nn.Module):\n    def f(self):\n        return helper(self)\n",
            "it needs helper, which neither the file nor old has",
        ),
        (
            "class Y(nn.Module):\n    f = gone\n\n\nclass X(Y):\n    pass\n",
            "it needs gone, which neither the file nor old has",
        ),
    ],
)
def test_what_is_not_to_be_had_is_refused_by_name_and_line(text, said):
    with pytest.raises(UsageError) as caught:
        fitted(text, OLD)
    assert said in caught.value.what
    assert "line " in caught.value.details[0]


def test_a_files_own_conv_and_autopad_stay_its_own():
    own = "def autopad(k):\n    return 0\n\n\nclass Conv(nn.Module):\n    pad = autopad(3)\n"
    found = fitted(f"import torch.nn as nn\n\n\n{own}\n\n{CLASS}")
    assert own in found.text
    assert not found.imported


@pytest.mark.parametrize("line", ["from .mixing import Conv", "from ultralytics.nn.modules.mixing import Conv"])
def test_a_class_of_the_posts_own_file_is_not_upstreams_of_the_same_name(line):
    with pytest.raises(UsageError, match=r"it needs Conv of .*mixing, a file of the post's own repository") as caught:
        fitted(f"import torch.nn as nn\n{line}\n\n\n{CLASS}")
    assert "--with mixing.py" in caught.value.hint
    own = f"from {MODULES}.conv import Conv"
    assert f"if it is upstream's own: write {own}" in caught.value.hint
    assert own in fitted(f"import torch.nn as nn\n{own}\n\n\n{CLASS}").text


def test_upstreams_class_from_a_copy_of_its_file_in_another_folder_is_upstreams():
    found = fitted(f"import torch.nn as nn\nfrom .parts.conv import Conv\n\n\n{CLASS}")
    assert f"from {MODULES}.conv import Conv" in found.text


def test_a_file_of_upstreams_can_be_imported_as_a_whole():
    text = f"import torch.nn as nn\nfrom ultralytics.utils import ops\n\n\n{CLASS}".replace(
        "x * self", "ops.f(x) * self"
    )
    imported = imported_files(PINS["ultralytics-8.3.0"], read_paste(text.encode(), "x.py"))
    defined = {f"{MODULES.replace('.', '/')}/conv.py": "class Conv:\n    pass\n"}
    new = Upstream.of("new", defined, imported, {"ultralytics/utils/ops.py": "", "ultralytics/utils/__init__.py": ""})
    assert "from ultralytics.utils import ops\n" in fitted(text, new).text
    old = Upstream.of("old", defined, imported, {"ultralytics/utils/__init__.py": ""})
    with pytest.raises(UsageError, match="it needs ops, which old does not have"):
        fitted(text, old)


def test_a_name_that_nothing_imports_is_asked_for_with_its_import():
    with pytest.raises(UsageError, match="it needs Unknown, which neither the file nor new has") as caught:
        fitted(CLASS.replace("Conv(", "Unknown("))
    assert caught.value.hint.startswith("write the import of Unknown into the file, or its definition")


FILLS = {
    "an element": "TABLE['a'] = Part",
    "an update": "TABLE.update(a=Part)",
    "a list": "ROWS.append(Part)",
}
PART = "class Part(nn.Module):\n    pass\n"


@pytest.mark.parametrize("case", FILLS)
def test_what_fills_a_table_that_the_class_needs_goes_with_it(case):
    uses = CLASS.replace("Conv(c1, c1, 3)", "(TABLE['a'] if TABLE else ROWS[0])()")
    text = f"import sys\nTABLE = {{}}\nROWS = []\n\n\n{PART}\n\n{FILLS[case]}\nsys.path.append('x')\n\n\n{uses}"
    found = fitted(text)
    assert FILLS[case] in found.text
    assert "sys.path" not in found.text
    assert "it runs on import" in [why for *_, why in found.left_out]
    without = fitted(text.replace("(TABLE['a'] if TABLE else ROWS[0])()", "Part()"))
    assert FILLS[case] not in without.text
