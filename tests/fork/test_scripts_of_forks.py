"""What the scripts of a fork recommend: each setting that is not the release's default, with its line, and no other."""

from __future__ import annotations

import json

import pytest

from yolopatch.core.fork.scripts.given import recommended
from yolopatch.core.fork.tree import ForkTree

SETTINGS = """task: detect
epochs: 100
batch: 16
imgsz: 640
workers: 8
data:
optimizer: auto
close_mosaic: 10
resume: False
amp: True
rect: False
conf:
iou: 0.7
max_det: 300
lr0: 0.01
box: 7.5
hsv_h: 0.015
mosaic: 1.0
"""
PACKAGE = {
    "ultralytics/cfg/default.yaml": SETTINGS.encode(),
    "ultralytics/engine/model.py": b"class Model:\n    pass\n",
    "ultralytics/models/yolo/model.py": b"class YOLO(Model):\n    pass\n",
    "ultralytics/models/rtdetr/model.py": b"class RTDETR(Model):\n    pass\n",
}


def told(script: str, path: str = "train.py", **others: str) -> list[tuple[int, str, str, object]]:
    """Return what is told of one script: line, call, name and value."""
    texts = {path: script.encode(), **{name.replace("__", "."): text.encode() for name, text in others.items()}}
    fork = ForkTree("Fork", "ultralytics", PACKAGE, {}, "", texts=texts)
    return [(one.line, one.call, one.name, one.value) for one in recommended(fork, PACKAGE, ())]


def test_the_settings_of_a_call_are_told_with_their_lines_and_what_they_affect():
    script = """from ultralytics import YOLO
model = YOLO("my.yaml")
model.train(
    data="x.yaml", workers=4, device="0", project="runs", task="detect", resume="", imgsz=640,
    mosaic=0.5,
    lr0=2e-2, box=9,
    close_mosaic=0,
    amp=False, optimizer="SGD",
)
"""
    fork = ForkTree("Fork", "ultralytics", PACKAGE, {}, "", texts={"tools/run.py": script.encode()})
    assert [(one.line, one.name, one.value, one.default, one.affects) for one in recommended(fork, PACKAGE, ())] == [
        (5, "mosaic", 0.5, 1.0, ("augmentation",)),
        (6, "lr0", 0.02, 0.01, ("training",)),
        (6, "box", 9, 7.5, ("loss",)),
        (7, "close_mosaic", 0, 10, ("augmentation",)),
        (8, "amp", False, True, ("training",)),
        (8, "optimizer", "SGD", "auto", ("training",)),
    ]


MADE = {
    "alias": "from ultralytics import YOLO as Y\nm = Y('a.yaml')\nm.train(mosaic=0)\n",
    "whole package": "import ultralytics\nm = ultralytics.YOLO('a.yaml')\nm.train(mosaic=0)\n",
    "deep": "from ultralytics.models import RTDETR\nm = RTDETR('a.yaml')\nm.train(mosaic=0)\n",
    "chain": "from ultralytics import YOLO\n\nYOLO('a.yaml').load('a.pt').train(mosaic=0)\n",
    "function": "from ultralytics import YOLO\ndef make(): return YOLO('a.yaml')\nmake().train(mosaic=0)\n",
    "attribute": "from ultralytics import YOLO\nself.m = YOLO('a')\nself.m.train(mosaic=0)\n",
    "argument": "from ultralytics import YOLO\ndef go(m):\n    m.train(mosaic=0)\ngo(YOLO('a'))\n",
    "typed": "from ultralytics import YOLO\ndef go(m: YOLO):\n    m.train(mosaic=0)\n",
    "loop": "from ultralytics import YOLO\nfor m in (YOLO('a'), YOLO('b')):\n    m.train(mosaic=0)\n",
    "trainer": "from ultralytics.models.yolo.detect import Trainer\n\nTrainer(overrides=dict(mosaic=0))\n",
}


@pytest.mark.parametrize("how", MADE)
def test_a_model_is_known_however_it_was_made(how):
    assert told(MADE[how]) == [(3, "train", "mosaic", 0)]


HEAD = "from ultralytics import YOLO\nm = YOLO('a.yaml')\n"
WRITTEN = {
    "two stars": ("s = dict(mosaic=0)\nm.train(**s)\n", 3),
    "changed dict": ("s = {}\ns['mosaic'] = 0\nm.train(**s)\n", 4),
    "updated dict": ("s = {'mosaic': 0.3}\ns.update(mosaic=0)\nm.train(**s)\n", 4),
    "joined dicts": ("a = {'mosaic': 0.3}\nm.train(**{**a, 'mosaic': 0})\n", 4),
    "a name": ("OFF = 0\nm.train(mosaic=OFF)\n", 4),
    "a sum": ("m.train(mosaic=1 - 1)\n", 3),
    "a class": ("class C:\n    off = 0\nm.train(mosaic=C.off)\n", 5),
    "an option": (
        "import argparse\np = argparse.ArgumentParser()\np.add_argument('--mosaic', type=float, default=0)\n"
        "o = p.parse_args()\nm.train(mosaic=o.mosaic)\n",
        7,
    ),
    "all options": (
        "import argparse\np = argparse.ArgumentParser()\np.add_argument('--mosaic', type=float, default=0)\n"
        "o = p.parse_args()\nm.train(**vars(o))\n",
        5,
    ),
    "options of a function": (
        "def parse(p):\n    p.add_argument('--mosaic', default=0)\n    return p.parse_args()\n"
        "def main(o):\n    m.train(mosaic=o.mosaic)\nif __name__ == '__main__':\n    o = parse(1)\n    main(o)\n",
        7,
    ),
    "a default of a function": ("def go(off=0):\n    m.train(mosaic=off)\ngo()\n", 4),
}


@pytest.mark.parametrize("how", WRITTEN)
def test_a_value_is_known_however_it_is_written(how):
    text, line = WRITTEN[how]
    assert told(HEAD + text) == [(line, "train", "mosaic", 0)]


@pytest.mark.parametrize(
    "text",
    [
        "m.train(cfg='hyp.yaml')\n",
        "import yaml\nm.train(**yaml.safe_load(open('./hyp.yaml')))\n",
        "import yaml\nwith open('hyp.yaml') as f:\n    s = yaml.safe_load(f)\nm.train(**s)\n",
    ],
)
def test_a_file_with_settings_is_read_and_has_the_lines(text):
    fork_file = "lr0: 0.01\nmosaic: 0\n"
    assert told(HEAD + text, hyp__yaml=fork_file) == [(2, "train", "mosaic", 0)]


NOTHING = {
    "the default": "m.train(mosaic=1, lr0=0.01, close_mosaic=10, amp=True, resume=None, optimizer='auto')\n",
    "no known value": "import sys\nm.train(mosaic=float(sys.argv[1]))\n",
    "one branch of two": "import os\nv = 0\nif os.name == 'nt':\n    v = 1.0\nm.train(mosaic=v)\n",
    "another library's": "import torch\nn = torch.nn.Linear(1, 1)\nn.train(mosaic=0)\n",
    "another call": "m.predict(mosaic=0, conf=0.3)\n",
    "a comment": "# m.train(mosaic=0)\n'm.train(mosaic=0)'\n",
    "what no release has": "m.train(sparkle=0)\n",
    "upstream's own value of a validation": "m.val(conf=0.001, iou=0.7, rect=True, split='val')\n",
    "no Python": "m.train(mosaic=0\n",
    "a function that two call": "def go(v):\n    m.train(mosaic=v)\ngo(0)\ngo(1)\n",
}


@pytest.mark.parametrize("how", NOTHING)
def test_nothing_is_invented(how):
    assert told(HEAD + NOTHING[how]) == []


def test_a_validation_affects_the_evaluation_alone():
    text = f"{HEAD}m.val(batch=1, conf=0.25, mosaic=0)\n"
    fork = ForkTree("Fork", "ultralytics", PACKAGE, {}, "", texts={"val.py": text.encode()})
    assert [(one.name, one.affects) for one in recommended(fork, PACKAGE, ())] == [
        ("batch", ("evaluation",)),
        ("conf", ("evaluation",)),
    ]


def test_a_notebook_is_read_without_lines():
    cells = [
        {"cell_type": "code", "source": ["!pip install x\n", HEAD]},
        {"cell_type": "code", "source": "m.train(mosaic=0)"},
    ]
    assert told(json.dumps({"cells": cells}), "run.ipynb") == [(0, "train", "mosaic", 0)]


def test_a_part_of_a_package_has_the_models_of_the_release():
    part = {path: data for path, data in PACKAGE.items() if not path.endswith("model.py")}
    text = f"{HEAD}m.train(mosaic=0)\n".encode()
    fork = ForkTree("Fork", "ultralytics", part, {}, "", texts={"train.py": text})
    assert [one.name for one in recommended(fork, PACKAGE, ())] == ["mosaic"]


def test_scripts_of_another_copy_and_leftovers_are_not_the_authors():
    text = f"{HEAD}m.train(mosaic=0)\n".encode()
    paths = ("old/ultralytics/utils/benchmarks.py", "old/tests/test_it.py", "a/.ipynb_checkpoints/train-checkpoint.py")
    fork = ForkTree("Fork", "ultralytics", PACKAGE, {}, "", texts=dict.fromkeys(paths, text), elsewhere=("old",))
    assert recommended(fork, PACKAGE, ()) == ()


def test_functions_that_call_each_other_end():
    assert told("from ultralytics import YOLO\ndef f(): return g()\ndef g(): return f()\nf().train(mosaic=0)\n") == []
    assert told(f"{HEAD}a = b\nb = a\nm.train(mosaic=a, **b)\n") == []


def test_the_hyperparameters_that_yolov5_trains_with_by_default():
    base = {"train.py": b"p.add_argument('--hyp', default=ROOT / 'data/hyps/hyp.scratch-low.yaml')\n"}
    base["data/hyps/hyp.scratch-low.yaml"] = b"lr0: 0.01\nbox: 0.05\nmosaic: 1.0\n"
    files = {**base, "train.py": b"p.add_argument('--hyp', default=ROOT / 'data/hyps/my.yaml')\n"}
    files["data/hyps/my.yaml"] = b"lr0: 0.01\nbox: 0.1\nmosaic: 1\n"
    fork = ForkTree("Fork", "yolov5", files, {}, "")
    assert [(one.path, one.line, one.name, one.value) for one in recommended(fork, base, ())] == [
        ("data/hyps/my.yaml", 2, "box", 0.1)
    ]


HANDED = {
    "partial": "from functools import partial\ngo = partial(m.train, mosaic=0)\n",
    "module's partial": "import functools\ngo = functools.partial(m.train, mosaic=0)\n",
    "called later": "from functools import partial\npartial(m.train)(mosaic=0)\n",
    "own name": "go = m.train\ngo(mosaic=0)\n",
    "getattr": "\ngetattr(m, 'train')(mosaic=0)\n",
    "of the class": "\nYOLO.train(m, mosaic=0)\n",
    "thread": "import threading\nthreading.Thread(target=m.train, kwargs={'mosaic': 0}).start()\n",
    "pool": "\npool.submit(m.train, mosaic=0)\n",
}


@pytest.mark.parametrize("how", HANDED)
def test_a_call_that_is_handed_the_method_has_its_settings(how):
    assert told(HEAD + HANDED[how]) == [(4, "train", "mosaic", 0)]


@pytest.mark.parametrize(
    "text", ["from functools import partial\npartial(len, mosaic=0)\n", "go = m.predict\ngo(conf=1)\n"]
)
def test_another_function_that_is_handed_over_has_none(text):
    assert told(HEAD + text) == []


def test_a_value_of_several_scripts_is_told_once_with_all_places():
    texts = {f"{name}.py": f"{HEAD}m.train(mosaic={value})\n".encode() for name, value in zip("abc", (0, 0, 0.5))}
    fork = ForkTree("Fork", "ultralytics", PACKAGE, {}, "", texts=texts)
    assert [(one.where, one.value, one.also) for one in recommended(fork, PACKAGE, ())] == [
        ("a.py:3", 0, ("b.py:3",)),
        ("c.py:3", 0.5, ()),
    ]


OWN_MODEL = "cfg/my.yaml"
COMMANDS = {
    "shell": ("run.sh", "# train\nyolo detect train data=x.yaml mosaic=0\n", 2),
    "shell that goes on": ("run.sh", "\nCUDA_VISIBLE_DEVICES=0 yolo train model=yolo11n.pt \\\n  mosaic=0\n", 3),
    "batch file": ("run.bat", "yolo train model=cfg\\my.yaml ^\n mosaic=0\n", 2),
    "mode": ("run.sh", "nohup yolo task=detect mode=train mosaic=0 > log.txt 2>&1 &\n", 1),
    "text": ("README.md", "# Train\n\n```bash\n$ yolo detect train model=cfg/my.yaml mosaic=0\n```\n", 4),
    "within a line": ("README.md", "Train by `yolo train model=cfg/my.yaml mosaic=0.0`.\n", 1),
    "notebook": (
        "run.ipynb",
        '{"cells": [{"cell_type": "code", "source": ["!yolo train model=cfg/my.yaml mosaic=0"]}]}',
        0,
    ),
}


@pytest.mark.parametrize("how", COMMANDS)
def test_the_settings_of_a_command_are_told(how):
    path, text, line = COMMANDS[how]
    fork = ForkTree("Fork", "ultralytics", PACKAGE, {}, "", texts={path: text.encode(), OWN_MODEL: b"nc: 1\n"})
    assert [(one.line, one.call, one.name, one.value) for one in recommended(fork, PACKAGE, ())] == [
        (line, "train", "mosaic", 0)
    ]


NO_COMMANDS = {
    "upstream's own": ("README.md", "```\nyolo detect train model=yolo11n.pt data=coco8.yaml mosaic=0\n```\n"),
    "a comment": ("run.sh", "# yolo train model=cfg/my.yaml mosaic=0\n"),
    "what follows": ("run.sh", "yolo train model=cfg/my.yaml && echo mosaic=0\n"),
    "another mode": ("run.sh", "yolo predict model=cfg/my.yaml conf=0.9\n"),
    "prose": ("README.md", "yolo trains cfg/my.yaml with mosaic=0, as the paper says.\n"),
    "an open quote": ("run.sh", "yolo train model='cfg/my.yaml mosaic=0\n"),
    "a script that is not there": ("run.sh", "python train.py --mosaic 0\n"),
}


@pytest.mark.parametrize("how", NO_COMMANDS)
def test_no_setting_of_a_command_is_invented(how):
    path, text = NO_COMMANDS[how]
    fork = ForkTree("Fork", "ultralytics", PACKAGE, {}, "", texts={path: text.encode(), OWN_MODEL: b"nc: 1\n"})
    assert recommended(fork, PACKAGE, ()) == ()


@pytest.mark.parametrize("given", ["--mosaic 0", "--mosaic=0", "--mos 0", "--lr0 0.01 --flag --mosaic 0"])
def test_a_command_gives_options_to_the_script_that_it_runs(given):
    script = (
        f"{HEAD}import argparse\np = argparse.ArgumentParser()\np.add_argument('--mosaic', type=float, default=1)\n"
        "p.add_argument('--lr0', default=0.01)\np.add_argument('--flag', action='store_true')\no = p.parse_args()\n"
        "m.train(mosaic=o.mosaic, lr0=o.lr0)\n"
    )
    texts = {"train.py": script.encode(), "run.sh": f"\npython -m torch.distributed.run train.py {given}\n".encode()}
    fork = ForkTree("Fork", "ultralytics", PACKAGE, {}, "", texts=texts)
    assert [(one.path, one.name, one.value) for one in recommended(fork, PACKAGE, ())] == [("run.sh", "mosaic", 0)]


TRAINS = """
def parse_opt(p):
    p.add_argument('--epochs', type=int, default=300)
    p.add_argument('--batch-size', type=int, default=16)
    p.add_argument('--imgsz', '--img', '--img-size', type=int, default=640)
    p.add_argument('--hyp', default='data/hyps/hyp.scratch-low.yaml')
    p.add_argument('--rect', action='store_true')
    p.add_argument('--device', default='')
"""
VALIDATES = "p.add_argument('--conf-thres', type=float, default=0.001)\np.add_argument('--task', default='val')\n"
YOLOV5 = {
    "train.py": TRAINS.encode(),
    "val.py": VALIDATES.encode(),
    "data/hyps/hyp.scratch-low.yaml": b"lr0: 0.01\nmosaic: 1.0\n",
    "README.md": b"python train.py --data coco.yaml --cfg yolov5n.yaml --batch-size 128\n",
    "models/yolov5n.yaml": b"nc: 80\n",
}


def told_of_yolov5(**added: str) -> list[tuple[str, int, str, str, object]]:
    """Return what is told of a yolov5 with further files, whose names have __ for a dot: place, call, name, value."""
    files = {**YOLOV5, **{name.replace("__", "."): text.encode() for name, text in added.items()}}
    files |= {"models/mine.yaml": b"nc: 1\n", "data/mine-hyp.yaml": b"lr0: 0.1\nmosaic: 1.0\n"}
    found = recommended(ForkTree("Fork", "yolov5", files, {}, ""), YOLOV5, ())
    return [(one.path, one.line, one.call, one.name, one.value) for one in found]


def test_the_options_that_a_command_gives_to_yolov5s_scripts():
    train = (
        "torchrun --nproc_per_node 2 train.py --img 640 --batch 24 --epochs 150 --rect --device 0 --hyp mine-hyp.yaml\n"
    )
    assert told_of_yolov5(run__sh=train + "python val.py --conf 0.4 --task test\n") == [
        ("run.sh", 1, "train", "batch_size", 24),
        ("run.sh", 1, "train", "epochs", 150),
        ("run.sh", 1, "train", "rect", True),
        ("data/mine-hyp.yaml", 1, "train", "lr0", 0.1),
        ("run.sh", 2, "val", "conf_thres", 0.4),
    ]


def test_yolov5s_own_readme_recommends_nothing_and_the_authors_does():
    assert told_of_yolov5() == []
    line = "python train.py --cfg models/mine.yaml --epochs 100\n"
    assert told_of_yolov5(README__md=f"{YOLOV5['README.md'].decode()}\n{line}") == [
        ("README.md", 3, "train", "epochs", 100)
    ]


def test_the_defaults_of_a_copy_of_yolov5s_script_are_told_and_those_of_others_not():
    copy = TRAINS.replace("300", "100")
    detect = "p.add_argument('--weights')\np.add_argument('--source')\np.add_argument('--epochs', default=3)\n"
    assert told_of_yolov5(train_mine__py=copy, mine__py=detect) == [("train_mine.py", 3, "train", "epochs", 100)]


def test_a_file_of_upstreams_at_a_second_place_is_not_the_authors():
    text = b"from ultralytics import YOLO\nYOLO('a').val(batch=1)\n"
    base = {**PACKAGE, "ultralytics/utils/benchmarks.py": text}
    fork = ForkTree("Fork", "ultralytics", {**base, "ultralytics/models/benchmarks.py": text}, {}, "")
    assert recommended(fork, base, ()) == ()
