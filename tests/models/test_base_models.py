"""A pin's unchanged YAMLs give the published numbers in a fully patched workspace."""

import pytest

# parameters and GFLOPs as upstream prints them; v6.1 publishes its GFLOPs elsewhere
PUBLISHED = {
    "ultralytics-8.4.0": {
        "n": (2_572_280, 6.1),
        "s": (10_009_784, 22.8),
        "m": (21_896_248, 75.4),
        "l": (26_299_704, 93.8),
        "x": (58_993_368, 209.5),
    },
    "ultralytics-8.3.0": {
        "n": (2_624_080, 6.6),
        "s": (9_458_752, 21.7),
        "m": (20_114_688, 68.5),
        "l": (25_372_160, 87.6),
        "x": (56_966_176, 195.9),
    },
    "ultralytics-8.2.50": {
        "n": (3_157_200, 8.9),
        "s": (11_166_560, 28.8),
        "m": (25_902_640, 79.3),
        "l": (43_691_520, 165.7),
        "x": (68_229_648, 258.5),
    },
    "yolov5-6.1": dict(zip("nsmlx", [(n, None) for n in (1_872_157, 7_235_389, 21_190_557, 46_563_709, 86_749_405)])),
}
PUBLISHED["yolov5-pypi-6.1.0"] = PUBLISHED["yolov5-6.1"]
LAYERS_OF_N = {"ultralytics-8.4.0": 260, "ultralytics-8.3.0": 319, "ultralytics-8.2.50": 225, "yolov5-6.1": 270}


# v6.1's repackaging has the same models: one of both at every scale is enough
SCALES = dict.fromkeys(PUBLISHED, "nsmlx") | {"yolov5-6.1": "n"}


@pytest.mark.more
@pytest.mark.parametrize("pin", list(PUBLISHED))
def test_the_base_models_give_the_published_numbers(pin, probe, base_cfg):
    model = {"ultralytics-8.4.0": "yolo26", "ultralytics-8.3.0": "yolo11", "ultralytics-8.2.50": "yolov8"}
    asked = [(base_cfg(model.get(pin, "yolov5"), scale), scale) for scale in SCALES[pin]]
    for (_, scale), facts in zip(asked, probe(pin, "paper", asked, ("info",), imgsz=640), strict=True):
        info = facts.info
        parameters, gflops = PUBLISHED[pin][scale]
        assert facts.parameters == info.parameters == parameters
        if gflops is not None:
            assert round(info.gflops, 1) == gflops
        if scale == "n" and pin in LAYERS_OF_N:
            assert info.layers == LAYERS_OF_N[pin]
