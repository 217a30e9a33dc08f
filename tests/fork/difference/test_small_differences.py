"""Kinds of differences in small files: what is one, what is none, and what is said of it."""

from __future__ import annotations

import pytest

from yolopatch.core.fork.changes import (
    ADDED,
    ARCHITECTURE,
    AUGMENTATION,
    CHANGED,
    EVALUATION,
    EXPORT,
    LOSS,
    NOTHING,
    REMOVED,
    TRAINING,
)

_BODY = "def run(x, n=3):\n    {}\n    return x\n"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("y = x * 2", "y = (x*2)  # twice"),
        ("print('a')", "print('b')"),
        ("LOGGER.info(x)", "pass"),
        ("if n:\n        print(n)", "pass"),
        ("y: int = 3", "y = 3"),
        ("assert x, 'no x'", "assert x, 'x is missing'"),
        ("raise ValueError('no')", "raise ValueError(f'no {n}')"),
        ("y = x in (1, 2)", "y = x in {2, 1}"),
        ("y = isinstance(x, (int, str))", "y = isinstance(x, (str, int))"),
        ("y = dict(a=1)", "y = {'a': 1}"),
        ("value = x + 1\n    x = value", "other = x + 1\n    x = other"),
        ("import os", "import os, sys"),
        ("x = x + 1", "x = x + 1\n    print"),
        ("x = 'WARNING \u26a0\ufe0f no labels'", "x = 'WARNING no labels'"),
        ("x = f'WARNING \u26a0\ufe0f {n} labels'", "x = f'WARNING {n} labels'"),
        ("x = 'checks passed \u2705'", "x = 'checks passed '"),
        ("x = f'YOLOv5 \U0001f680 {n}'", "x = f'YOLOv5 {n}'"),
    ],
)
def test_what_changes_nothing_affects_nothing(small, old, new):
    change = small({"engine/trainer.py": _BODY.format(old)}, {"engine/trainer.py": _BODY.format(new)})
    (found,) = change.values()
    assert found.affects == (NOTHING,)


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        ("y = x * 2", "y = x * 3", "`y = x * 3`, not `y = x * 2`"),
        ("pass", "x = x * 2", "`x = x * 2` is added"),
        ("x = f(x)", "pass", "`x = f(x)` is removed"),
        ("x = f(x)", "x += f(x)", "`x += f(x)` instead of `x = f(x)`"),
        ("if n > 1:\n        x = 2", "if n > 2:\n        x = 2", "`if n > 2:`, not `if n > 1:`"),
        ("if n:\n        f(x)\n    g(x)", "if n:\n        f(x)\n        g(x)", "`g(x)` stands in another block"),
        (
            "for i in range(3):\n        f(i)",
            "for i in range(4):\n        f(i)",
            "`for i in range(4):`, not `for i in range(3):`",
        ),
        (
            "if n == 1:\n        f(x)\n    elif n == 2:\n        g(x)",
            "if n == 1:\n        f(x)\n    elif n == 3:\n        h(x)\n    elif n == 2:\n        g(x)",
            "`elif n == 3:`; `h(x)` are added",
        ),
        ("try:\n        f(x)\n    except OSError:\n        pass", "f(x)", "`try:` is removed"),
    ],
)
def test_a_changed_statement_is_told_with_both_texts(small, told, old, new, what):
    change = small({"engine/trainer.py": _BODY.format(old)}, {"engine/trainer.py": _BODY.format(new)})
    assert what in [said for name, _, said in told(change["engine/trainer.py"]) if name == "run"]


def test_arguments_and_their_defaults_are_told(small, told):
    old, new = "def f(a, b=1, c=2): ...\n", "def f(a, d, b=3, *, e=4): ...\n"
    change = small({"engine/trainer.py": old}, {"engine/trainer.py": new})["engine/trainer.py"]
    assert [what for _, _, what in told(change)] == [
        "the default of `b` is `3`, not `1`",
        "new arguments `d`, `e=4`",
        "without the argument `c`",
    ]


def test_the_last_definition_of_a_name_counts(small, told):
    old = "def gain(x):\n    return x\n"
    change = small({"utils/loss.py": old}, {"utils/loss.py": old + "\n\ndef gain(x):\n    return x * 2\n"})
    assert told(change["utils/loss.py"]) == [("gain", 6, "`return x * 2`, not `return x`")]


_METRICS = """
def overlap(a, b):
    return a * b


def unused(a):
    return a
"""
_LOSS = """
from ultralytics.utils.metrics import overlap


class BoxLoss:
    def __call__(self, a):
        return overlap(a, a)
"""
_VALIDATOR = """
from ultralytics.utils import metrics


class Validator:
    def update(self, a):
        return metrics.overlap(a, 1)
"""
_TREE = {"utils/metrics.py": _METRICS, "utils/loss.py": _LOSS, "models/yolo/detect/val.py": _VALIDATOR}


def test_what_a_function_affects_is_found_by_looking_who_uses_it(small):
    new = _TREE["utils/metrics.py"].replace("a * b", "a + b").replace("return a\n", "return -a\n")
    first, second = small(_TREE, {"utils/metrics.py": new})["utils/metrics.py"].parts
    assert (first.name, first.affects) == ("overlap", (LOSS, EVALUATION))
    assert (second.name, second.affects) == ("unused", (NOTHING,))


def test_a_function_that_is_replaced_at_import_is_found(small):
    new = "from ultralytics.utils import metrics\n\nmetrics.overlap = lambda a, b: a\n"
    (part,) = small({**_TREE, "__init__.py": "x = 1\n"}, {"__init__.py": "x = 1\n" + new})["__init__.py"].parts
    assert (part.name, part.kind, part.affects) == ("code at import", ADDED, (LOSS, EVALUATION))


def test_another_function_of_the_same_name_is_told_where_it_is_imported(small):
    changes = small(
        _TREE,
        {
            "utils/own.py": "def overlap(a, b):\n    return a - b\n",
            "utils/loss.py": _TREE["utils/loss.py"].replace("utils.metrics", "utils.own"),
        },
    )
    (part,) = changes["utils/loss.py"].parts
    assert (part.line, part.what) == (2, "comes from `ultralytics.utils.own`, not from `ultralytics.utils.metrics`")
    assert part.affects == (LOSS,)


_LOSS_CLASS = "class Loss(Base):\n    def __init__(self, k):\n        {}\n        self.k = k\n"


@pytest.mark.parametrize(
    ("call", "affects"),
    [
        ("super(Loss, self).__init__()", (NOTHING,)),
        ("super(Base, self).__init__()", (LOSS,)),  # leaves out the constructor of Base
        ("super(Loss, k).__init__()", (LOSS,)),
    ],
)
def test_the_long_form_of_super_counts_where_it_means_another_class(small, call, affects):
    files = {one: _LOSS_CLASS.format(text) for one, text in (("old", "super().__init__()"), ("new", call))}
    change = small({"utils/loss.py": files["old"]}, {"utils/loss.py": files["new"]})["utils/loss.py"]
    assert change.affects == affects


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("LOG = 3", "", "is used, but no longer defined or imported"),
        ("", "from .own import LOG", "comes from `ultralytics.utils.own`; the release neither defines nor imports it"),
    ],
)
def test_a_name_that_one_of_both_does_not_know_is_told_as_that(small, old, new, said):
    use = "\n\n\ndef loss(x):\n    return x * LOG\n"
    own = {"utils/own.py": "LOG = 4\n"}
    changes = small({**own, "utils/loss.py": old + use}, {**own, "utils/loss.py": new + use})
    assert said in [part.what for part in changes["utils/loss.py"].parts]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("from .own import sum\n", "", "is Python's own, not from `ultralytics.utils.own`"),
        ("", "from .own import sum\n", "comes from `ultralytics.utils.own`; in the release it is Python's own"),
    ],
)
def test_a_name_of_python_itself_is_told_as_that(small, old, new, said):
    use = "\n\ndef loss(x):\n    return sum(x)\n"
    own = {"utils/own.py": "def sum(x):\n    return x[0]\n"}
    changes = small({**own, "utils/loss.py": old + use}, {**own, "utils/loss.py": new + use})
    assert [part.what for part in changes["utils/loss.py"].parts] == [said]


def test_a_setting_that_the_trainer_overwrites_affects_what_the_setting_does(small):
    old = "class Trainer:\n    def setup(self):\n        self.ready = True\n"
    new = old + "        self.args.mosaic = 0.0\n"
    (part,) = small({"engine/trainer.py": old}, {"engine/trainer.py": new})["engine/trainer.py"].parts
    assert (part.affects, part.what) == ((AUGMENTATION,), "`self.args.mosaic = 0.0` is added")


def test_a_setting_that_an_exporter_overwrites_is_its_own(small):
    old = "class Exporter:\n    def setup(self):\n        self.ready = True\n"
    new = old + "        self.args.batch = 1\n"
    (part,) = small({"engine/exporter.py": old}, {"engine/exporter.py": new})["engine/exporter.py"].parts
    assert part.affects == (EXPORT,)


def test_a_changed_copy_of_upstreams_class_is_told_by_its_change(small):
    conv = "class Conv:\n    act = 'silu'\n\n    def forward(self, x):\n        return x\n"
    parts = small({"nn/modules/conv.py": conv}, {"nn/extra.py": conv.replace("silu", "mish")})["nn/extra.py"].parts
    assert [(part.name, part.line, part.what) for part in parts] == [
        ("Conv", 1, "a copy of `Conv` of `ultralytics/nn/modules/conv.py`, with 1 change"),
        ("Conv.act", 2, "unlike in `ultralytics/nn/modules/conv.py`: `Conv.act` is `'mish'`, not `'silu'`"),
    ]


def test_a_module_beside_a_file_is_found_without_its_package(small):
    base = {"nn/tasks.py": "def parse_model(d):\n    return d\n"}
    fork = {
        "nn/tasks.py": "from Extra import *\n\n\ndef parse_model(d):\n    return Own(d)\n",
        "nn/Extra/__init__.py": "from .own import *\n",
        "nn/Extra/own.py": "class Own:\n    pass\n",
    }
    changes = small(base, fork)
    assert [(part.name, part.used) for part in changes["nn/Extra/own.py"].parts] == [("Own", True)]
    assert [part.name for part in changes["nn/tasks.py"].parts] == ["parse_model"]


def test_a_new_setting_affects_what_reads_it(small):
    loss = _TREE["utils/loss.py"].replace("overlap(a, a)", "overlap(a, a) * self.hyp.gain")
    base = {**_TREE, "cfg/default.yaml": "box: 7.5\n"}
    changes = small(base, {"cfg/default.yaml": "box: 7.5\ngain: 2.0\nspare: 1\n", "utils/loss.py": loss})
    parts = [(part.name, part.line, part.affects, part.used) for part in changes["cfg/default.yaml"].parts]
    assert parts == [("gain", 2, (LOSS,), True), ("spare", 3, (NOTHING,), False)]


def test_new_and_removed_definitions_are_told_by_their_own_lines(small):
    new = _TREE["utils/metrics.py"].replace("def unused(a):", "class Extra(dict):")
    parts = small(_TREE, {"utils/metrics.py": new.replace("return a\n", "size = 1\n")})["utils/metrics.py"].parts
    assert [(part.name, part.line, part.kind, part.what) for part in parts] == [
        ("Extra", 6, ADDED, "new class, a `dict`"),
        ("unused", 6, REMOVED, "the function is removed"),
    ]


def test_a_class_that_moves_to_another_file_is_no_change(small):
    change = small(
        {"nn/modules/block.py": "class A:\n    def forward(self, x):\n        return x * 2\n\n\nclass B:\n    pass\n"},
        {
            "nn/modules/block.py": "class B:\n    pass\n",
            "nn/extra.py": "class A:\n    def forward(self, x):\n        return x * 2\n",
        },
    )
    (part,) = change["nn/extra.py"].parts
    assert (part.name, part.affects) == ("A", (NOTHING,))
    assert part.what == "moved here from `ultralytics/nn/modules/block.py`"
    assert change["nn/modules/block.py"].affects == (NOTHING,)


def test_a_package_that_upstream_does_not_need_is_told(small):
    text = "import os\nimport torch\nfrom timm.layers import DropPath\n\n\n"
    text += "class Block(torch.nn.Module):\n    drop = DropPath()\n"
    base = {"nn/tasks.py": "import torch\n\n\ndef parse_model(d):\n    return torch\n"}
    parts = small(base, {"nn/extra.py": text})["nn/extra.py"].parts
    assert [(part.name, part.line, part.kind) for part in parts] == [("import timm", 3, ADDED), ("Block", 6, ADDED)]
    assert parts[0].affects == (ARCHITECTURE,)


def test_a_removed_file_matters_if_the_fork_goes_on_importing_it(small):
    changes = small({**_TREE, "hub/auth.py": "KEY = 1\n"}, {"utils/metrics.py": b"-", "hub/auth.py": b"-"})
    assert "imports it: that import fails" in changes["utils/metrics.py"].what
    assert (changes["hub/auth.py"].kind, changes["hub/auth.py"].affects) == (REMOVED, (NOTHING,))


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"def f(:\n", "line 1"),
        (b"x = 1\n" * 300_000, "up to 1,048,576 are read"),
        (b"x = '\xff'\n", "not text in UTF-8"),
        (b"x = 1\0\n", "null byte"),
        (b"(" * 5000 + b")" * 5000, "Python cannot read it"),
        (b"x = a" + b".a" * 400 + b"\n", "Python cannot read it"),
        (b"if x:\n\ty = 1\n        z = 2\n", "Python cannot read it"),
    ],
)
def test_a_file_that_cannot_be_read_is_told_with_the_reason(small, data, why):
    change = small(_TREE, {"utils/loss.py": data})["utils/loss.py"]
    assert why in change.what
    assert (change.kind, change.affects, len(change.parts)) == (CHANGED, (LOSS,), 1)


@pytest.mark.parametrize("data", [b"a: [1\n", b"\xff\xfe\xff", b"a: &x [*x]\n", b"[" * 5000, b"a: 1\n" * 60_000])
def test_a_yaml_that_cannot_be_read_is_told_with_the_reason(small, data):
    change = small({"cfg/default.yaml": "box: 7.5\n"}, {"cfg/default.yaml": data})["cfg/default.yaml"]
    assert change.what.startswith("cannot be read as YAML: ")
    assert TRAINING in change.affects


@pytest.mark.parametrize(
    "text", ["3\n", "- 1\n", "", "backbone: 3\n", "backbone:\n  - 3\nhead: [x]\n", "a: 2024-01-01\n"]
)
def test_a_yaml_of_any_content_is_read(small, text):
    assert small({"cfg/models/x.yaml": "a: 1\n"}, {"cfg/models/x.yaml": text, "cfg/models/y.yaml": text})


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [("1.0", "1", []), ("1", "1.0", ["mosaic"]), ("1.0", "2", ["mosaic"]), ("1.0", "True", ["mosaic"])],
)
def test_a_number_without_its_point_is_the_same_setting(small, old, new, told):
    change = small({"cfg/default.yaml": f"mosaic: {old}\n"}, {"cfg/default.yaml": f"mosaic: {new}\n"})
    assert [part.name for part in change["cfg/default.yaml"].parts] == told
