"""The model that a fork is about: by its name, by what its scripts and texts say, and by what it uses."""

from __future__ import annotations

import json

import pytest

from yolopatch.core.fork.models.choosing import Choice, choose_model
from yolopatch.core.fork.models.files import find_models, model_files
from yolopatch.core.fork.models.own import OwnClasses
from yolopatch.core.fork.tree import ForkTree
from yolopatch.errors import UsageError

MODELS = "ultralytics/cfg/models/"
TASKS = "from ultralytics.nn.modules.conv import Conv, DWConv\n"
OWN_TASKS = (
    f"{TASKS}from ultralytics.nn.own import Mine, Yours\n\n\ndef parse_model(m):\n    return m in (Conv, Mine)\n"
)
BASE = {
    "ultralytics/nn/tasks.py": TASKS.encode(),
    "ultralytics/nn/modules/conv.py": b'class Conv:\n    """A convolution."""\n    act = 1\n\n\n'
    b"class DWConv(Conv):\n    pass\n",
    f"{MODELS}v8/yolov8.yaml": b"nc: 80\nbackbone:\n  - [-1, 1, Conv, [64, 3, 2]]\nhead:\n  - [[0], 1, Detect, [nc]]\n",
    f"{MODELS}v8/yolov8-p2.yaml": b"nc: 80\nbackbone:\n  - [-1, 1, DWConv, [64]]\nhead:\n  - [[0], 1, Detect, [nc]]\n",
    "ultralytics/cfg/default.yaml": b"task: detect\nbox: 7.5\n",
}
OWN = {
    "ultralytics/nn/tasks.py": OWN_TASKS.encode(),
    "ultralytics/nn/own.py": b"class Mine:\n    pass\n\n\nclass Yours:\n    pass\n",
    # a class of another file with a name of upstream's
    "ultralytics/nn/other.py": b"class Conv:\n    act = 7\n",
}


def _model(*classes: str) -> bytes:
    rows = "".join(f"  - [-1, 1, {name}, [64]]\n" for name in classes)
    return f"nc: 3\nbackbone:\n{rows}head:\n  - [[0], 1, Detect, [nc]]\n".encode()


def _choose(added: dict[str, bytes], texts: dict[str, bytes] | None = None, name: str = "Some-Fork", **facts) -> Choice:
    files = {**BASE, **OWN, **added}
    fork = ForkTree(name, "ultralytics", files, {}, "8.2.50", texts=texts or {}, **facts)
    return choose_model(fork, model_files(fork, BASE, OwnClasses.of("ultralytics", files, BASE)), BASE)


def _chosen(choice: Choice) -> tuple[str, str]:
    assert choice.model, choice.why
    return choice.model.name, choice.why


TWO = {f"{MODELS}v8/a.yaml": _model("Mine"), f"{MODELS}v8/b.yaml": _model("Yours")}


def test_the_only_one_with_a_class_of_the_fork():
    added = {f"{MODELS}v8/a.yaml": _model("Mine"), f"{MODELS}v8/other.yaml": _model("Conv")}
    assert _chosen(_choose(added)) == ("a.yaml", "it is the only one with a class that the fork adds or changes")


def test_the_one_with_the_forks_name():
    added = {**TWO, f"{MODELS}Some_Fork.yaml": _model("Mine")}
    assert _chosen(_choose(added)) == ("Some_Fork.yaml", "it has the fork's name")
    assert _chosen(_choose(added, name="user+some-fork"))[0] == "Some_Fork.yaml"


def test_the_one_that_a_training_script_names_in_code_and_not_in_a_comment():
    script = b"from ultralytics import YOLO\n# YOLO('a.yaml')\nYOLO(r'D:\\YOLO\\cfg\\models\\v8\\b.yaml').train()\n"
    texts = {"README.md": b"see a.yaml", "train.py": script}
    assert _chosen(_choose(TWO, texts)) == ("b.yaml", "train.py, line 3 names it")


def test_a_script_that_only_predicts_says_less_than_one_that_trains():
    texts = {"detect.py": b"YOLO('a.yaml').predict()\n", "z/run.py": b"YOLO('b.yaml').train()\n"}
    assert _chosen(_choose(TWO, texts))[0] == "b.yaml"
    assert _chosen(_choose(TWO, {"detect.py": texts["detect.py"]})) == ("a.yaml", "detect.py, line 1 names it")


def test_the_scale_and_the_weights_that_a_script_names():
    added = {f"{MODELS}v8/yolov8-mine.yaml": _model("Mine"), f"{MODELS}v8/yolov8-yours.yaml": _model("Yours")}
    choice = _choose(added, {"train.py": b"YOLO('yolov8s-mine.yaml').train()\n"})
    assert (_chosen(choice)[0], choice.scale) == ("yolov8-mine.yaml", "s")
    weights = {"main.py": b"YOLO('weights/B.pt').train()\n"}
    choice = _choose(TWO, weights)
    assert (_chosen(choice)[0], choice.scale) == ("b.yaml", "")


def test_a_notebook_and_a_readme():
    cells = {"cells": [{"cell_type": "code", "source": ["model = YOLO('b.yaml')\n", "model.train()\n"]}]}
    assert _chosen(_choose(TWO, {"run.ipynb": json.dumps(cells).encode()})) == ("b.yaml", "run.ipynb names it")
    assert _chosen(_choose(TWO, {"README.md": b"# A\n\nUse `a.yaml`.\n"})) == ("a.yaml", "README.md, line 3 names it")


@pytest.mark.parametrize("text", [b"", b"[]", b"{", b'{"cells": 3}', b'{"cells": [{}]}', b"[" * 100_000])
def test_notebooks_that_are_none(text):
    assert _choose(TWO, {"run.ipynb": text}).model is None


def test_a_script_that_python_does_not_read_is_read_by_line():
    assert _chosen(_choose(TWO, {"train.py": b"print 'x'\n# a.yaml\nYOLO('b.yaml').train()\n"}))[0] == "b.yaml"


def test_the_one_with_all_that_the_others_have():
    added = {**TWO, f"{MODELS}v8/both.yaml": _model("Mine", "Yours")}
    assert _chosen(_choose(added)) == (
        "both.yaml",
        "it alone has all 2 classes of the fork that 3 model YAMLs use",
    )


YOLO = "from models.common import Conv{}\n\n\ndef parse_model(m):\n    return m in (Conv{})\n"
DEFAULT = "def parse(p):\n    p.add_argument('--cfg', default='{}')\n\n\ndef train(model):\n    model.train()\n"
OLD = {
    "models/yolo.py": YOLO.format("", ",").encode(),
    "models/common.py": b"class Conv:\n    pass\n",
    "train.py": DEFAULT.format("yolov5s.yaml").encode(),
    "README.md": b"python train.py --cfg b.yaml\n",
}
OLD_FORK = {
    **OLD,
    "models/yolo.py": YOLO.format(", Mine, Yours", ", Mine, Yours").encode(),
    "models/common.py": b"class Conv:\n    pass\n\n\nclass Mine:\n    pass\n\n\nclass Yours:\n    pass\n",
    "models/hub/a.yaml": _model("Mine"),
    "models/b.yaml": _model("Yours"),
}


@pytest.mark.parametrize(
    ("files", "chosen"),
    [
        ({"train.py": DEFAULT.format("models/hub/a.yaml").encode()}, ("a.yaml", "v5/train.py, line 2 names it")),
        ({"README.md": OLD["README.md"] + b"--cfg a.yaml\n"}, ("a.yaml", "v5/README.md, line 2 names it")),
        ({"utils/notes.py": b"A = 'a.yaml'\n"}, None),  # deeper than the scripts that a user runs
        (
            {
                "models/yolov5s.yaml": _model("Mine"),
                "models/yolov5l.yaml": _model("Mine"),
                "train.py": DEFAULT.format("yolov5l.yaml").encode(),
            },
            ("yolov5l.yaml", "v5/train.py, line 2 names it"),
        ),
        ({}, None),  # the release's own README names b.yaml
    ],
)
def test_of_yolov5_the_scripts_of_the_package_name_it_where_they_are_not_the_releases(files, chosen):
    tree = {**OLD_FORK, **files}
    fork = ForkTree("Some-Fork", "yolov5", tree, {}, "", place="v5")
    choice = choose_model(fork, model_files(fork, OLD, OwnClasses.of("yolov5", tree, OLD)), OLD)
    assert (_chosen(choice) if choice.model else None) == chosen


def test_nothing_decides():
    choice = _choose(TWO)
    assert choice.model is None
    assert choice.why == "nothing says which of 2 model YAMLs is the main one"
    assert [model.name for model in choice.among] == ["a.yaml", "b.yaml"]


def test_a_release_whose_own_class_is_changed_is_taken_where_it_is_named():
    changed = {"ultralytics/nn/modules/conv.py": BASE["ultralytics/nn/modules/conv.py"].replace(b"act = 1", b"act = 2")}
    assert _choose(changed).among == ()
    texts = {"train.py": b"YOLO('yolov8n.yaml').train()\n"}
    assert _chosen(_choose(changed, texts))[0] == "yolov8.yaml"
    assert _choose(changed, texts).scale == "n"


def test_other_comments_and_line_ends_are_no_change():
    files = {
        path: data.replace(b"A convolution", "卷积".encode()).replace(b"\n", b"\r\n") for path, data in BASE.items()
    }
    own = OwnClasses.of("ultralytics", files, BASE)
    assert [name for name in ("Conv", "DWConv", "Mine") if name in own] == []


def test_no_model_names_what_the_fork_adds():
    choice = _choose({})
    assert (choice.model, choice.why) == (None, "no model YAML in it names a class that the fork adds or changes")
    other = _choose({f"{MODELS}v8/yolov8.yaml": _model("Conv", "Conv")})
    assert _chosen(other)[1].startswith("it is the only one that is not the release's, but it names no class")


def test_a_yaml_beside_the_package_counts_and_one_of_another_copy_does_not():
    assert _chosen(_choose({}, {"mine.yaml": _model("Mine")}))[0] == "mine.yaml"
    assert _choose({}, {"old/mine.yaml": _model("Mine")}, elsewhere=("old",)).among == ()
    assert _choose({}, {"mine.yaml": _model("Mine")}, place="v8").among == ()


@pytest.mark.parametrize("data", [b"", b"- 1\n", b"\xff\0", b"backbone: 3\nhead: []\n", b"a: " * 1000])
def test_yamls_that_are_no_models(data):
    added = {f"{MODELS}v8/a.yaml": _model("Mine"), f"{MODELS}v8/odd.yaml": data}
    assert _chosen(_choose(added))[0] == "a.yaml"


def test_models_that_a_user_names(tmp_path):
    fork = ForkTree("f", "ultralytics", {**BASE, **OWN, **TWO, f"{MODELS}v9/a.yaml": _model("Mine")}, {}, "")
    models = model_files(fork, BASE, {"Mine"})
    (named,) = find_models(("b.yaml",), models)
    assert find_models((named.path, f"./{named.path}", f"/home/me/fork/{named.path}", "v8\\b.yaml"), models) == (named,)
    with pytest.raises(UsageError, match=r"has 2 model YAMLs a\.yaml") as told:
        find_models(("a.yaml",), models)
    assert told.value.details == (f"found: {MODELS}v8/a.yaml", f"found: {MODELS}v9/a.yaml")
    assert told.value.hint == f"name one of them: --cfg {MODELS}v8/a.yaml"
    with pytest.raises(UsageError, match=r"has no model YAML gone\.yaml"):
        find_models(("gone.yaml",), models)


def test_classes_that_the_parser_knows_and_no_model_names():
    own = OwnClasses.of("ultralytics", {**BASE, **OWN}, BASE)
    assert own.in_parser() == ("Mine",)


def test_a_class_that_the_parser_forgot_to_import_counts_as_the_forks():
    files = {**BASE, **OWN, "ultralytics/nn/tasks.py": BASE["ultralytics/nn/tasks.py"]}
    own = OwnClasses.of("ultralytics", files, BASE)
    assert [name for name in ("Conv", "Mine", "Yours", "Gone", "act") if name in own] == ["Mine", "Yours"]


def test_a_layer_of_torch_is_not_a_class_of_the_fork_with_its_name():
    added = {f"{MODELS}v8/a.yaml": _model("Mine", "nn.Yours"), "ultralytics/nn/more.py": b"class Upsample:\n    pass\n"}
    choice = _choose(added)
    assert choice.model is not None
    assert choice.model.own == ("Mine",)


def test_of_two_with_one_name_the_one_that_is_named_with_its_folders():
    added = {
        f"{MODELS}{place}/mine.yaml": _model(one) for place, one in (("a", "Mine"), ("a/a", "Yours"), ("b", "Mine"))
    }
    script = b"from ultralytics import YOLO\nYOLO('/root/x/ultralytics/cfg/models/a/mine.yaml').train()\n"
    chosen = _choose(added, {"train.py": script})
    assert chosen.model
    assert chosen.model.path == f"{MODELS}a/mine.yaml"
    assert chosen.why == "train.py, line 2 names it"
    script = script.replace(b"/root/x/ultralytics/cfg/models/a/", b"")
    assert _choose(added, {"train.py": script}).model is None


def test_of_equal_ones_the_one_nearest_to_the_root():
    added = {f"{MODELS}{place}/mine.yaml": _model("Mine") for place in ("v8/kit", "b", "a/old")}
    chosen = _choose(added)
    assert chosen.model
    assert chosen.model.path == f"{MODELS}b/mine.yaml"
    assert chosen.why == "the 3 model YAMLs that it may be are equal"
