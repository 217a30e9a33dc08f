"""Files of a fork that import each other in a circle: what a name means is what Python's import gives."""

from __future__ import annotations

import pytest

from yolopatch.core.fork.rebuild.scope import Local, Outside, Scope, Whole

_KIT = {
    "kit/__init__.py": "from .Gate import *\nfrom .Block import *\nfrom .other import *\n",
    "kit/Gate.py": "class Gate:\n    pass\n",
    "kit/Block.py": "from kit import Gate, other\n\n\nclass Block:\n    gate = Gate\n",
    "kit/other.py": "from kit import Block\nfrom kit.Block import *\n\n\nclass Other(Block):\n    pass\n",
}
_ASKED = {
    ("kit/__init__.py", "Gate"): Local("kit/Gate.py", 0, "Gate"),
    ("kit/Block.py", "Gate"): Local("kit/Gate.py", 0, "Gate"),
    ("kit/Block.py", "other"): Whole("kit/other.py"),
    ("kit/other.py", "Block"): Local("kit/Block.py", 2, "Block"),
    ("kit/__init__.py", "Other"): Local("kit/other.py", 2, "Other"),
    ("kit/other.py", "Nothing"): None,
}


@pytest.mark.parametrize("first", _ASKED)
def test_a_name_means_the_same_whichever_is_asked_first(first):
    scope = Scope({path: text.encode() for path, text in _KIT.items()})
    assert scope.meaning(*first) == _ASKED[first]
    assert {asked: scope.meaning(*asked) for asked in _ASKED} == _ASKED


def test_files_that_all_import_each_other_are_answered_at_once():
    names = [f"m{number}" for number in range(60)]
    stars = "".join(f"from kit.{name} import *\n" for name in names)
    files = {f"kit/{name}.py": f"{stars}class C{name}:\n    pass\n" for name in names}
    scope = Scope({"kit/__init__.py": stars.encode(), **{path: text.encode() for path, text in files.items()}})
    assert scope.meaning("kit/__init__.py", "Cm30") == Local("kit/m30.py", 60, "Cm30")
    assert scope.meaning("kit/m2.py", "Unknown") is None


@pytest.mark.parametrize("how", ["from kit.a import Base", "from .a import Base", "from kit.a import Base, Other"])
def test_a_file_that_imports_from_itself_means_its_own_definition(how):
    text = f"class Base:\n    pass\n\n\nclass Other:\n    pass\n\n\n{how}\n\n\nclass Block(Base):\n    pass\n"
    scope = Scope({"kit/__init__.py": b"from .a import *\n", "kit/a.py": text.encode()})
    assert scope.meaning("kit/a.py", "Base") == Local("kit/a.py", 0, "Base")
    assert scope.meaning("kit/__init__.py", "Base") == Local("kit/a.py", 0, "Base")


def test_a_star_of_a_file_that_is_not_there_takes_no_name_from_a_file_that_defines_it():
    files = {
        "kit/base.py": "class Conv:\n    pass\n",
        "kit/extra/__init__.py": "from .gone import *\nfrom torch import *\n",
        "kit/tasks.py": "from kit.base import *\nfrom kit.extra import *\n",
    }
    scope = Scope({path: text.encode() for path, text in files.items()})
    assert scope.meaning("kit/tasks.py", "Conv") == Local("kit/base.py", 0, "Conv")
    assert scope.meaning("kit/tasks.py", "Gate") == Outside("torch", "Gate")
    assert scope.meaning("kit/tasks.py", "_hidden") is None


def test_a_class_that_a_file_that_is_not_there_should_bring_is_the_only_one_of_its_name():
    twice = "class Twice:\n    pass\n"
    files = {
        "kit/gates.py": f"class Gate:\n    pass\n\n\n{twice}",
        "kit/others.py": twice,
        "kit/tasks.py": "from kit.gone import *\n",
        "kit/heads.py": "from timm.layers import *\n",
    }
    scope = Scope({path: text.encode() for path, text in files.items()})
    assert scope.meaning("kit/tasks.py", "Gate") == Local("kit/gates.py", 0, "Gate")
    assert scope.meaning("kit/tasks.py", "Twice") == Outside("kit.gone", "Twice")  # which one, nobody knows
    assert scope.meaning("kit/tasks.py", "Lost") == Outside("kit.gone", "Lost")
    assert scope.meaning("kit/heads.py", "Gate") == Outside("timm.layers", "Gate")  # a package may have it, too
