"""A file that a fork has no more: whether anything of it still imports that file, and whether the import then fails."""

from __future__ import annotations

import pytest

from yolopatch.core.fork.changes import NOTHING

_LOSS = "from ultralytics.utils import ops\n\n\nclass Loss:\n    def __call__(self, x):\n        return ops.scale(x)\n"
_TREE = {
    "__init__.py": "",
    "utils/__init__.py": "SIZE = 3\n",
    "utils/ops.py": "def scale(x):\n    return x * 2\n",
    "utils/loss.py": _LOSS,
}
_FAILS = "removed, though `ultralytics/utils/loss.py` imports it: that import fails"


@pytest.mark.parametrize(
    "importing",
    [
        "from ultralytics.utils import ops",
        "from ultralytics.utils.ops import scale",
        "from .ops import *",
        "from . import ops",
        "import ultralytics.utils.ops as ops",
        "def late():\n    from ultralytics.utils import ops",
        "def late():\n    import ultralytics.utils.ops",
    ],
)
def test_any_import_of_a_removed_file_fails(small, importing):
    assert small({**_TREE, "utils/loss.py": importing + "\n"}, {"utils/ops.py": b"-"})["utils/ops.py"].what == _FAILS


@pytest.mark.parametrize(
    ("importing", "fails"),
    [
        ("from ultralytics.utils import ops", False),
        ("from ultralytics.utils.ops import scale", False),
        ("from .ops import scale", False),
        ("from ultralytics.utils import *", False),
        ("from ultralytics.utils import SIZE", True),
        ("from . import SIZE", True),
    ],
)
def test_a_folder_without_its_init_file_is_still_a_package(small, importing, fails):
    what = small({**_TREE, "utils/loss.py": importing + "\n"}, {"utils/__init__.py": b"-"})["utils/__init__.py"].what
    assert (what == _FAILS) == fails


def test_a_file_that_became_a_folder_is_still_imported(small):
    moved = {"utils/ops.py": b"-", "utils/ops/__init__.py": _TREE["utils/ops.py"]}
    change = small(_TREE, moved)["utils/ops.py"]
    assert change.what == "removed; what imports it still works, as in `ultralytics/utils/loss.py`"
    assert change.affects == (NOTHING,)


def test_a_name_of_the_package_hides_a_removed_file(small):
    base = {**_TREE, "utils/__init__.py": "class ops:\n    scale = staticmethod(abs)\n"}
    assert "still works" in small(base, {"utils/ops.py": b"-"})["utils/ops.py"].what


def test_a_file_that_only_a_comment_names_is_imported_by_nothing(small):
    base = {**_TREE, "utils/loss.py": "# from ultralytics.utils import ops\nops = 1\n"}
    change = small(base, {"utils/ops.py": b"-"})["utils/ops.py"]
    assert change.what == "removed; nothing of the fork imports it"
