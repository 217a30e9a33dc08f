"""The tutorials as recipes: what each post prints, and where a reproduction must differ."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace

from yolopatch.catalog.environment.fix_patches import SEEDS, FixPatch
from yolopatch.catalog.module import FLAVORS, TUTORIAL_FLAVOR, Tutorial
from yolopatch.catalog.modules import MODULES, find_tutorial
from yolopatch.catalog.names import unknown
from yolopatch.catalog.pins import PINS, Pin
from yolopatch.errors import UsageError


@dataclass(frozen=True)
class Departure:
    """A difference between a reproduction and the post, its reason, and the flavors that have it."""

    what: str
    why: str
    flavors: tuple[str, ...] = FLAVORS


@dataclass(frozen=True)
class Recipe:
    """How one post is reproduced.

    Attributes:
        module: the name of the module.
        title: of the post.
        document: the id of the stored post.
        cfg: where the post puts its model YAML, from the root of the tree.
        scale: the scale at which the post builds it.
        base_cfg: upstream's own YAML of the base model; `{scale}` if each scale has its own file.
        script: the training script, in the root of the tree.
        printed: the training call's arguments that the post prints, in its order.
        added: arguments that a reproduction needs and the post does not print; `departures` has the reasons.
        model: the YAML as the call names it; "" if an argument of the call names it.
        data: upstream's data YAML that the call means, from the root of the tree.
        epochs: how many epochs the post trains: as printed, or upstream's default.
    """

    module: str
    title: str
    document: str
    cfg: str
    scale: str
    base_cfg: str
    script: str
    data: str
    epochs: int
    printed: Mapping[str, object] = field(default_factory=dict)
    added: Mapping[str, object] = field(default_factory=dict)
    model: str = ""
    departures: tuple[Departure, ...] = ()

    @property
    def tutorial(self) -> Tutorial:
        """The module's tutorial: its id, pin, base model and placement."""
        found = MODULES[self.module].tutorial
        assert found is not None  # recipes are of our modules, and each of them has a tutorial
        return found

    @property
    def arguments(self) -> dict[str, object]:
        """The training call's arguments, the printed ones first."""
        return {**self.printed, **self.added}


_NOT_PRINTED = "the post does not print it"
_NO_PLACE = "the post does not say where its code goes"


def _bare_class(name: str) -> tuple[Departure, Departure]:
    """Return the departures of a post that places a module's bare class."""
    bare, conv = MODULES[name].bare, MODULES[name].conv
    return (
        Departure(
            f"{bare} is used alone: the replaced layers' BatchNorm and SiLU are gone",
            f"so it is in the post, which does not say so; `paper` places {conv}, which keeps both",
            (TUTORIAL_FLAVOR,),
        ),
        Departure(
            f"the YAML places {conv} where the post's places {bare}",
            "the flavor `paper` is a full replacement of the layers; name and place of the file stay the post's",
            ("paper",),
        ),
    )


_HEADER = Departure(
    "the YAML starts with comment lines that name the replaced layers",
    "yolopatch knows its own untouched files by them; upstream ignores comments",
)

_RECIPES = (
    Recipe(
        module="RefConv",
        title="YOLO26改进 - 卷积Conv | RefConv重新参数化重聚焦卷积:突破传统卷积瓶颈,有效减少通道冗余",
        document="000_7c2ed50568a85f39",
        cfg="ultralytics/cfg/models/26/yolo26-RefConv.yaml",
        model="./ultralytics/cfg/models/26/yolo26-RefConv.yaml",
        scale="n",
        base_cfg="ultralytics/cfg/models/26/yolo26.yaml",
        script="train.py",
        data="ultralytics/cfg/datasets/coco8.yaml",
        epochs=10,
        printed={
            "data": "./ultralytics/cfg/datasets/coco8.yaml",
            "cache": False,
            "imgsz": 640,
            "epochs": 10,
            "single_cls": False,
            "batch": 8,
            "close_mosaic": 10,
            "workers": 0,
            "optimizer": "MuSGD",
            "amp": True,
            "project": "runs/train",
            "name": "yolo26-RefConv",
        },
        departures=(
            Departure(
                "the class lies in ultralytics/nn/modules/refconv.py; the post has ultralytics/nn/conv/RefConv.py",
                "the flavor `tutorial` puts it there; the paper's class is another one",
                ("paper",),
            ),
            Departure(
                "the branch in parse_model is yolopatch's",
                "the post shows it in a picture alone; it computes what upstream computes for Conv",
            ),
            *_bare_class("RefConv"),
        ),
    ),
    Recipe(
        module="DynamicConv",
        title="YOLO26改进 – 卷积Conv DynamicConv动态卷积赋能YOLO,实现高效参数利用",
        document="001_9d1293afd4917585",
        cfg="ultralytics/cfg/models/26/yolo26-DynamicConv.yaml",
        model="./ultralytics/cfg/models/26/yolo26-DynamicConv.yaml",
        scale="n",
        base_cfg="ultralytics/cfg/models/26/yolo26.yaml",
        script="train.py",
        data="ultralytics/cfg/datasets/coco8.yaml",
        epochs=10,
        printed={
            "data": "./ultralytics/cfg/datasets/coco8.yaml",
            "cache": False,
            "imgsz": 640,
            "epochs": 10,
            "single_cls": False,
            "batch": 8,
            "close_mosaic": 10,
            "workers": 0,
            "optimizer": "MuSGD",
            "amp": False,
            "project": "runs/train",
            "name": "yolo26-DynamicConv",
        },
        departures=(
            Departure(
                "backbone layers 1, 3, 5 and 7 become DynamicConv, [c, 3, 2]",
                "the post does not print its YAML; these are the layers of the same author's RefConv post",
            ),
            Departure("the class lies in ultralytics/nn/modules/dynamicconv.py", _NO_PLACE),
            Departure(
                "CondConv2d is yolopatch's own",
                "the post takes timm's, a package that upstream does not need",
            ),
            Departure("the branch in parse_model is yolopatch's", _NOT_PRINTED),
            *_bare_class("DynamicConv"),
        ),
    ),
    Recipe(
        module="SPConv",
        title="【YOLOv8改进 - 卷积Conv】SPConv:去除特征图中的冗余,大幅减少参数数量 | 小目标",
        document="002_196764b0ce894c3a",
        cfg="ultralytics/cfg/models/v8/yolov8-SPConv.yaml",
        model="./ultralytics/cfg/models/v8/yolov8-SPConv.yaml",
        scale="n",
        base_cfg="ultralytics/cfg/models/v8/yolov8.yaml",
        script="train.py",
        data="ultralytics/cfg/datasets/coco8.yaml",
        epochs=100,
        added={"data": "coco8.yaml"},
        departures=(
            Departure(
                "the forward of SPConv_3x3 is the paper's (arXiv 2006.12085)",
                "the post cuts the code off in the constructor",
            ),
            Departure("the class lies in ultralytics/nn/modules/spconv.py", _NO_PLACE),
            Departure(
                "layers 1, 3, 5 and 7 become SPConv_3x3, [c, 2]",
                "the post prints no YAML; the class takes no kernel, its third argument is the stride",
            ),
            Departure(
                "the training call is upstream's with its own defaults, on coco8",
                "the post prints none",
            ),
            *_bare_class("SPConv"),
        ),
    ),
    Recipe(
        module="DSConv",
        title="[yolov11改进系列]基于yolov11引入分布移位卷积DSConv的python源码+训练源码",
        document="003_5d3d61d2ad2f9488",
        cfg="yolo11-C3k2-DSConv.yaml",
        model="yolo11-C3k2-DSConv.yaml",
        scale="n",
        base_cfg="ultralytics/cfg/models/11/yolo11.yaml",
        script="train.py",
        data="ultralytics/cfg/datasets/coco128.yaml",
        epochs=100,
        printed={
            "data": "coco128.yaml",
            "epochs": 100,
            "imgsz": 640,
            "batch": 8,
            "device": 0,
            "workers": 1,
            "save": True,
            "resume": False,
        },
        departures=(
            Departure(
                "the code of DSConv is yolopatch's",
                "the post keeps its own in an attachment; `tutorial` computes what the circulating class computes, "
                "a plain convolution with an integer kernel and scales that nothing reads",
            ),
            Departure(
                "DSConv.py and the `__init__.py` beside it lie in ultralytics/nn/extra_modules/",
                "the post does not name their folder; this is the one that such forks usually have",
                (TUTORIAL_FLAVOR,),
            ),
            Departure(
                "the classes lie in ultralytics/nn/modules/dsconv.py; the post has a DSConv.py",
                "the flavor `tutorial` has this file; the paper's class is another one",
                ("paper",),
            ),
            Departure("the branch in parse_model is yolopatch's", _NOT_PRINTED),
            Departure(
                "coco128.yaml is upstream's own",
                "the post's attachment has one for its own images, under the same name",
            ),
        ),
    ),
    Recipe(
        module="Dynamic_conv2d",
        title="YOLOv5改进 | 卷积模块 | 提高网络的灵活性和表征能力的动态卷积【附代码+小白可上手】",
        document="004_ea5cb4b3999048cf",
        cfg="models/yolov5_dynamic.yaml",
        scale="l",
        base_cfg="models/yolov5{scale}.yaml",
        script="train_dynamic.py",
        data="data/coco128.yaml",
        epochs=300,
        printed={"cfg": "models/yolov5_dynamic.yaml"},
        added={"weights": ""},
        departures=(
            Departure(
                "the script names models/yolov5_dynamic.yaml",
                "the post's last step names yolov5_AKConv.yaml, a file that it never wrote: a slip",
            ),
            Departure(
                "weights is empty: training starts from nothing",
                "the post leaves it as it is, and upstream then downloads yolov5s.pt, of which hardly anything fits",
            ),
            Departure(
                "train_dynamic.py calls train.run() of upstream's train.py",
                "the post has the path written into train.py itself; upstream's file stays as it is",
            ),
            Departure(
                "the biases of Dynamic_conv2d start with uninitialised values",
                "the post's code does not initialise them; two runs differ, and a NaN there spoils the first batch",
                (TUTORIAL_FLAVOR,),
            ),
            *_bare_class("Dynamic_conv2d"),
        ),
    ),
)

_SEEDED = Departure(
    "another seed gives other batches, with workers, too",
    "the seed patch was asked for; the post's release seeds the processes that load images with a constant",
)

RECIPES: Mapping[str, Recipe] = {recipe.tutorial.id: recipe for recipe in _RECIPES}


def find_recipe(name: str) -> Recipe:
    """Return the recipe of the tutorial with this id.

    Raises:
        UsageError: the id is unknown; the nearest ids are in the hint.
    """
    found = find_tutorial(name)
    if found is None:
        raise unknown("tutorial", name, RECIPES, "yolopatch list tutorials")
    return RECIPES[found.id]


def departures(recipe: Recipe, flavor: str, fix_patches: Collection[FixPatch]) -> list[Departure]:
    """Return what holds for this flavor with these fix patches."""
    seeded = [_SEEDED] if SEEDS in fix_patches else []  # the other changes no result
    return [one for one in (*recipe.departures, _HEADER, *seeded) if flavor in one.flavors]


def on_pin(recipe: Recipe, pin: Pin) -> Recipe:
    """Return the recipe as it goes on another pin of the same base model.

    Raises:
        UsageError: the pin has another base model.
    """
    own = PINS[recipe.tutorial.pin]
    if pin == own:
        return recipe
    if pin.model != own.model:
        fits = [one.name for one in PINS.values() if one.model == own.model]
        raise UsageError(
            f"{recipe.tutorial.id} is about {own.model}, and {pin.name} is not",
            hint=f"leave --repo out, or take {' or '.join(fits)}",
        )
    inside = f"{pin.layout.package}/" if pin.layout.package else ""
    return replace(
        recipe,
        cfg=inside + recipe.cfg,
        base_cfg=inside + recipe.base_cfg,
        data=inside + recipe.data,
        printed={key: inside + value if value == recipe.cfg else value for key, value in recipe.printed.items()},
        departures=(_other_pin(pin, own), *recipe.departures),
    )


def _other_pin(pin: Pin, own: Pin) -> Departure:
    return Departure(
        f"the upstream is {pin.name}, a repackaging with some later commits; the post has {own.upstream} {own.version}",
        "it was asked for with --repo",
    )
