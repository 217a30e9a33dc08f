"""The model of a fork's YAML beside the one that was rebuilt of it, each built from its own tree."""

from __future__ import annotations

import sys

import pytest

from yolopatch.core.fork.agreement import EQUAL, OTHER_OUTPUTS, OTHER_TENSORS, compare_built

from .small_upstream import CFG, FILES, build_all, changed

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows cannot fork a process")
_RENAMED = {
    path: text.replace("Conv,", "Conv_Slug,").replace("Conv(", "Conv_Slug(").replace("{Conv}", "{Conv_Slug}")
    for path, text in FILES.items()
}
FORKS = {
    "fork": FILES,
    "renamed": {**_RENAMED, "cfg": CFG.replace("Conv,", "Conv_Slug,")},
    "wider": changed(modules=("nn.BatchNorm2d(c2)\n", "nn.BatchNorm2d(c2)\n        self.more = nn.Linear(c1, c2)\n")),
    "sigmoid": changed(modules=("torch.relu(", "torch.sigmoid(")),
    "a constant": changed(modules=("self.bn(self.conv(x))", "self.bn(self.conv(x)) + 0.001")),
    "the third layer alone": {
        **changed(
            modules=(
                "class Concat",
                "class Other(Conv):\n    def forward(self, x):\n        return -super().forward(x)\n\n\nclass Concat",
            ),
            tasks=("import Concat, Conv", "import Concat, Other, Conv"),
        ),
        "cfg": CFG.replace("Conv, [16, 1, 1]", "Other, [16, 1, 1]"),
    },
    "other start": changed(modules=("bias=False)", "bias=False)\n        nn.init.zeros_(self.conv.weight)")),
    "random": changed(modules=("return torch.relu(", "x = x + torch.rand_like(x)\n        return torch.relu(")),
    "in place": changed(modules=("return torch.cat(x, 1)", "return torch.cat([one.mul_(2) for one in x], 1)")),
}
FORKS["the third layer alone"]["ultralytics/nn/tasks.py"] = FORKS["the third layer alone"][
    "ultralytics/nn/tasks.py"
].replace("{Conv}", "{Conv, Other}")


@pytest.fixture(scope="module")
def built(shared):
    """Give the models, by name."""
    return build_all(shared / "models-of-forks", FORKS)


def test_a_model_is_told_with_all_its_tensors_and_layers(built):
    found = built["fork"]
    assert (found.kind, found.task, found.scale, found.imgsz) == ("DetectionModel", "detect", "", 64)
    assert [layer.kind for layer in found.layers] == ["Conv", "Conv", "Conv", "Concat", "Detect"]
    assert [layer.sources for layer in found.layers] == [(-1,), (0,), (1,), (2, 1), (3,)]
    assert found.layers[0].outputs[0].shape == (1, 8, 32, 32)
    assert found.parameters == sum(layer.parameters for layer in found.layers)
    assert [(tensor.name, tensor.shape) for tensor in found.tensors[:2]] == [
        ("model.0.conv.weight", (8, 3, 3, 3)),
        ("model.0.bn.weight", (8,)),
    ]
    learned = {tensor.name.rpartition(".")[2] for tensor in found.tensors if tensor.learned}
    assert learned == {"weight", "bias"}


def test_a_renamed_class_changes_nothing(built):
    found = compare_built(built["fork"], built["renamed"])
    assert (found.same, found.outputs, found.start) == (True, EQUAL, True)
    assert found.layers[0].kinds == ("Conv", "Conv_Slug")


@pytest.mark.parametrize(
    ("name", "how", "index"),
    [
        ("wider", OTHER_TENSORS, 0),
        ("sigmoid", OTHER_OUTPUTS, 0),
        ("a constant", OTHER_OUTPUTS, 0),
        ("the third layer alone", OTHER_OUTPUTS, 2),
        ("in place", OTHER_OUTPUTS, 3),
    ],
)
def test_the_layer_that_differs_is_the_one_that_was_changed(built, name, how, index):
    found = compare_built(built["fork"], built[name])
    assert not found.same
    assert (found.first.how, found.first.index) == (how, index)


def test_layers_behind_a_changed_one_have_the_same_weights(built):
    """What a tensor gets depends on its own layer: a tensor more in one layer moves nothing in the next."""
    found = compare_built(built["fork"], built["wider"])
    assert [layer.how for layer in found.layers[1:]] == [OTHER_TENSORS, OTHER_TENSORS, EQUAL, EQUAL]


def test_another_start_is_told_and_is_another_model_no_more(built):
    found = compare_built(built["fork"], built["other start"])
    assert (found.same, found.start) == (True, False)
    assert "start with other values" in found.notes[0]


def test_a_layer_that_is_random_in_eval_is_told(built):
    found = compare_built(built["random"], built["random"])
    assert found.same
    assert found.notes[0].startswith("layer 0 and 4 more returned other values when the model ran again in eval")
