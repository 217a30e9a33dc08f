"""thop's GFLOPs are wrong for functional convolutions; the dispatcher's are not (tutorials.md, defect 5)."""

import pytest


@pytest.mark.more
@pytest.mark.parametrize(
    ("module", "scale", "printed", "true"),
    [("RefConv", "n", 8.2, 6.1), ("DynamicConv", "m", 71.8, 75.1)],
)
def test_upstreams_figure_and_the_true_one_differ_as_measured(module, scale, printed, true, probe, module_cfg):
    path, _ = module_cfg(module, "yolo26", scale, "tutorial")
    (facts,) = probe("ultralytics-8.4.0", "tutorial", [(path, scale)], ("info", "true_gflops"), imgsz=640)
    assert round(facts.info.gflops, 1) == printed
    assert facts.true_gflops == pytest.approx(true, abs=0.06)


@pytest.mark.more
def test_the_count_of_a_base_model_agrees_with_upstreams_within_one_percent(probe, base_cfg):
    (facts,) = probe("ultralytics-8.4.0", "paper", [(base_cfg("yolo26", "m"), "m")], ("info", "true_gflops"), imgsz=640)
    assert facts.true_gflops == pytest.approx(facts.info.gflops, rel=0.01)
