"""What upstream's own fuse() leaves of a patched model: what the paper's inference costs, and nothing of training."""

import json

import pytest

from yolopatch.catalog.pins import PINS, style_of

TOLERANCE = 1e-4  # float32 sums in another order

# Builds models with made-up norms and kernels, fuses them, and tells what they are then.
FUSE = """
import collections, io, json, sys, warnings

import onnx, torch

request = json.load(sys.stdin)
from yolopatch.probe.measure.flopcount import count_flops
from yolopatch.probe.tensors.tensors import distance, head_inputs, image, randomise_norms, seed_all
from yolopatch.probe.upstreams.opening import open_upstream

upstream = open_upstream(request["style"])
warnings.simplefilter("ignore")


def build(cfg, scale):
    seed_all(0)
    model = upstream.build(upstream.read(cfg, scale)).eval()
    with torch.no_grad():
        randomise_norms(model)
        for layer in model.modules():
            if hasattr(layer, "convmap"):  # zero in one flavor's start, and the kernel in the other's
                layer.convmap.weight.normal_(0, 0.02)
                layer.weight.normal_(0, 0.1)
            if type(layer).__name__ == "Dynamic_conv2d" and layer.bias is not None:
                layer.bias.zero_()  # uninitialised memory in one flavor
    return model


def saved(model):
    file = io.BytesIO()
    torch.save(model, file)
    file.seek(0)
    return torch.load(file, weights_only=False)


def script(model, x):
    graph = torch.jit.trace(model, x, strict=False, check_trace=False).inlined_graph
    return dict(collections.Counter(node.kind() for node in graph.nodes()))


def exported(model, x):
    file = io.BytesIO()
    torch.onnx.export(model, x, file, opset_version=12, **request["onnx_options"])
    graph = onnx.load_model_from_string(file.getvalue()).graph
    return {
        "operators": dict(collections.Counter(node.op_type for node in graph.node)),
        "values": sorted(list(value.dims) for value in graph.initializer),
    }


def row(layer):
    return {
        "class": layer.type.rpartition(".")[2],
        "from": layer.f,
        "modules": len(list(layer.modules())),
        "kernels": sum(p.numel() for p in layer.parameters() if p.dim() == 4),
        "vectors": sum(p.numel() for p in layer.parameters() if p.dim() == 1),
        "buffers": len(list(layer.buffers())),
        "trainable": any(p.requires_grad for p in layer.parameters()),
    }


def facts(cfg, scale):
    model = build(cfg, scale)
    x = image(model, 160, batch=2)
    with torch.no_grad():
        before = head_inputs(model, x)
        fused = model.fuse()
        after = head_inputs(fused, x)
        told = {
            "difference": distance(after, before),
            "again": distance(head_inputs(saved(fused).fuse(), x), after),
            "info": vars(upstream.info(fused, 160)),
            "flops": count_flops(fused, x[:1]).total,
            "table": [row(layer) for layer in fused.model],
            "names": list(fused.state_dict()),
        }
        if request["exports"]:
            fused.model[-1].export, fused.model[-1].format = True, "onnx"
            told["script"], told["onnx"] = script(fused, x[:1]), exported(fused, x[:1])
    return told


answer = [facts(cfg, request["scale"]) for cfg in request["cfgs"]]
print("\\n" + json.dumps(answer))
"""


@pytest.fixture
def fused(full_workspace, in_upstream, onnx_options):
    """Give the facts about models of a pin's workspace after fuse()."""

    def run(pin, flavor, cfgs, scale="n", exports=False):
        request = {
            "style": style_of(PINS[pin]),
            "cfgs": list(map(str, cfgs)),
            "scale": scale,
            "exports": exports,
            "onnx_options": onnx_options,
        }
        return json.loads(in_upstream(full_workspace(pin, flavor), FUSE, given=request).splitlines()[-1])

    return run


def pins(*fast):
    return [pytest.param(pin, marks=[] if pin in fast else pytest.mark.slow) for pin in PINS]


@pytest.mark.more
@pytest.mark.parametrize("pin", pins("ultralytics-8.4.0"))
def test_a_fused_refconv_model_is_the_fused_base(pin, fused, base_cfg, module_cfg):
    """Layers, parameters, GFLOPs and the graphs of both exports: nothing tells that it was trained otherwise."""
    model = PINS[pin].model
    rendered = [module_cfg("RefConv", model, "n", "paper", block=block)[0] for block in (False, True)]
    base, *patched = fused(pin, "paper", [base_cfg(model, "n"), *rendered], exports=True)
    for facts in patched:
        assert facts["difference"] < TOLERANCE
        assert facts["again"] == 0
        for same in ("info", "flops", "names", "script", "onnx"):
            assert facts[same] == base[same], same


@pytest.mark.more
@pytest.mark.parametrize("flavor", ["paper", pytest.param("tutorial", marks=pytest.mark.slow)])
@pytest.mark.parametrize("pin", pins("ultralytics-8.4.0", "yolov5-6.1"))
def test_bare_layers_fold_in_place(pin, flavor, fused, base_cfg, module_cfg):
    """A YAML may name the class itself, which has no BatchNorm behind it, as the tutorials' do."""
    model = PINS[pin].model
    names = ("RefConv", "SPConv")
    rendered = [module_cfg(name, model, "n", "tutorial") for name in names]
    base, refconv, spconv = fused(pin, flavor, [base_cfg(model, "n"), *(path for path, _ in rendered)])
    for facts, (_, layers) in zip((refconv, spconv), rendered):
        assert facts["difference"] < TOLERANCE
        assert facts["again"] == 0
        assert [row["from"] for row in facts["table"]] == [row["from"] for row in base["table"]]
        assert not any(facts["table"][index]["trainable"] for index in layers)
    for index in rendered[0][1]:
        expected = {"class": "RefConv", "modules": 1, "vectors": 0, "buffers": 0}
        assert refconv["table"][index] == {**base["table"][index], **expected}
    assert refconv["flops"] == base["flops"]
    for index in rendered[1][1]:
        norms = [name for name in spconv["names"] if name.startswith(f"model.{index}.bn")]
        assert norms == []
