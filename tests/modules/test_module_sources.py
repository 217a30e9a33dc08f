"""The conventions of a single-source file that `make patches` relies on."""

import ast
import inspect
from pathlib import Path

import pytest

import yolopatch.modules
from yolopatch.modules.convolutions import dsconv, dynamic_conv2d, dynamicconv, refconv, spconv

SOURCES = sorted(Path(yolopatch.modules.__file__).parent.glob("*/[!_]*.py"))
IMPORTS = ["import math", "import torch", "import torch.nn as nn", "import torch.nn.functional as F"]
PREFIXES = {
    "refconv": "_refconv _RefConv",
    "dynamicconv": "_condconv _DynamicConvBase",
    "spconv": "_spconv _SPConv",
    "dsconv": "_dsconv _DSConv _DSCONV",
    "dynamic_conv2d": "_DynamicConv2d",
    "akconv": "_akconv _AKCONV",
    "gsconv": "_GSConv",
    "hwd": "_hwd _HWD",
    "pconv": "_pconv _PCONV",
    "rfaconv": "_rfaconv _RFACONV",
    "spdconv": "_spdconv",
    "fasternet": "_FasterNet",
    "mdcr": "_MDCR",
    "rcsosa": "_rcsosa _RCSOSA",
    "starblock": "_StarBlock",
    "vovgscsp": "_VoVGSCSP",
    "asff": "_asff",
    "dyhead": "_dyhead",
    "dysample": "_dysample",
    "inner_iou": "_inneriou _INNERIOU",
    "nwd": "_nwd",
    "wiou": "_wiou",
}


def parameters(cls):
    """The constructor's parameters as `name` or `name=default`."""
    return [
        name if value.default is value.empty else f"{name}={value.default!r}"
        for name, value in inspect.signature(cls).parameters.items()
    ]


def definitions(tree):
    return [node for node in tree.body if isinstance(node, (ast.ClassDef, ast.FunctionDef))]


@pytest.fixture(params=SOURCES, ids=lambda path: path.stem)
def source(request):
    return request.param


def test_only_the_agreed_imports(source):
    tree = ast.parse(source.read_text(), feature_version=(3, 8))
    imports = [ast.unparse(node) for node in ast.walk(tree) if isinstance(node, (ast.Import, ast.ImportFrom))]
    assert imports == [line for line in IMPORTS if line in imports]


def test_private_names_say_which_module_they_belong_to(source):
    names = [node.name for node in definitions(ast.parse(source.read_text()))]
    private = [name for name in names if name.startswith("_")]
    assert all(name.startswith(tuple(PREFIXES[source.stem].split())) for name in private)


def test_flavors_do_not_refer_to_each_other(source):
    for node in definitions(ast.parse(source.read_text())):
        flavors = ("Paper", "Tutorial")
        used = {name.id for name in ast.walk(node) if isinstance(name, ast.Name)}
        foreign = [flavor for flavor in flavors if not node.name.startswith(flavor)]
        assert not [name for name in used if name.startswith(tuple(foreign))], node.name


def test_public_classes_and_methods_have_docstrings(source):
    for cls in definitions(ast.parse(source.read_text())):
        members = [node for node in cls.body if isinstance(node, ast.FunctionDef)]
        members = [node for node in members if not node.name.startswith("_") and node.name != "forward"]
        undocumented = [node.name for node in [cls, *members] if not ast.get_docstring(node)]
        assert undocumented == [] or cls.name.startswith("_"), cls.name


SIGNATURES = {
    (refconv, "RefConv"): "in_channels out_channels kernel_size stride padding=None groups=1 map_k=3",
    (
        dynamicconv,
        "DynamicConv",
    ): "in_features out_features kernel_size=1 stride=1 padding='' dilation=1 groups=1 bias=False num_experts=4",
    (dsconv, "DSConv"): "in_channels out_channels kernel_size stride=1 padding=None dilation=1 groups=1 "
    "padding_mode='zeros' bias=False block_size=32 KDSBias=False CDS=False",
    (dynamic_conv2d, "attention2d"): "in_planes ratios K temperature init_weight=True",
    (
        dynamic_conv2d,
        "Dynamic_conv2d",
    ): "in_planes out_planes kernel_size ratio=0.25 stride=1 padding=0 dilation=1 "
    "groups=1 bias=True K=4 temperature=34 init_weight=True",
}


@pytest.mark.parametrize(("module", "name"), SIGNATURES, ids=lambda value: getattr(value, "__name__", value))
def test_constructors_have_the_tutorials_signatures(module, name):
    printed = SIGNATURES[module, name].split()
    assert parameters(getattr(module, "Tutorial" + name)) == printed
    extension = ["bits=4"] if name == "DSConv" else []
    assert parameters(getattr(module, "Paper" + name)) == printed + extension


def test_classes_without_flavors_have_the_tutorials_signatures():
    assert parameters(spconv.SPConv_3x3) == ["inplanes", "outplanes", "stride=1", "ratio=0.5"]
    assert parameters(dynamicconv.CondConv2d) == [
        "in_channels",
        "out_channels",
        "kernel_size=3",
        "stride=1",
        "padding=''",
        "dilation=1",
        "groups=1",
        "bias=False",
        "num_experts=4",
    ]
