"""`precision`: what a CPU has no code for is not tried and not passed; what is wrong in a type is wrong everywhere."""

from __future__ import annotations

import pytest
import torch

from yolopatch.probe.explain.causes import cause_of
from yolopatch.wire.statuses import FAIL, PASS, SKIP

from .conftest import PIN

SOURCES = {
    "Distances": """
        _PLAINLY = "donot_use_mm_for_euclid_dist"

        class Distances(Conv):
            def forward(self, x):
                x = super().forward(x)
                flat = x.mean((2, 3)).unsqueeze(-1)
                return x + torch.cdist(flat, flat, compute_mode=_PLAINLY).mean((1, 2))[:, None, None, None]
    """,
    "Inverse": """
        class Inverse(Conv):
            def forward(self, x):
                x = super().forward(x)
                square = torch.eye(4, device=x.device, dtype=x.dtype) * (1 + x.mean() ** 2)
                return x * torch.linalg.inv(square).mean()
    """,
    "FloatHead": """
        from ultralytics.nn.modules.head import Detect

        class FloatHead(Detect):
            def forward(self, x):
                return super().forward([F.conv2d(m, torch.ones(m.shape[1], 1, 1, 1), groups=m.shape[1]) for m in x])
    """,
}
HEAD_BRANCH = {"FloatHead": "args.append([ch[x] for x in f])"}


@pytest.mark.more
def test_what_the_cpu_has_no_code_for_is_not_tried_and_what_passes_tells_what_was_measured(
    broken_workspace, broken_cfg, findings
):
    rows = {"Distances": 3, "Inverse": 3, "FloatHead": 23, "Conv": 3}
    asked = [(broken_cfg(name, layers=(row,)), "n", ("precision",)) for name, row in rows.items()]
    found = findings(broken_workspace(SOURCES, branches=HEAD_BRANCH), PIN, asked)
    distances, inverse, head, sound = (one for (one,) in found)
    assert distances.status == SKIP, distances.summary
    told = "float16 forward of layer 3 not tried: needs a GPU, torch has no CPU code for cdist in float16"
    assert f"{told} (model.3 (Distances), block.py:" in distances.summary
    assert "--device 0" in distances.hint
    assert "3" in distances.evidence["float16 forward"]["no_code"]
    assert inverse.status == FAIL, "no device has code for it: it is not for want of a GPU"
    assert "float16 forward: model.3 raises RuntimeError: linalg.inv" in inverse.summary
    assert "block.py:" in inverse.hint
    assert head.status == FAIL, "a head runs in the whole model only"
    assert "float16 forward: model.23 (FloatHead), block.py:" in head.summary
    assert sound.status == PASS
    assert "not tried" not in sound.summary
    for trial in ("in bf16 autocast", "stored as float16", "computed in float16"):
        assert trial in sound.summary


@pytest.mark.parametrize(
    ("message", "told"),
    [
        ("\"cdist\" not implemented for 'Half'", "cdist in float16"),
        ("grid_sampler_2d_cpu not implemented for BFloat16", "grid_sampler_2d_cpu in bfloat16"),
        ("operator(), /vision/kernel.cpp:122, \"nms_kernel\" not implemented for 'Half'", "nms_kernel in float16"),
        ("Unsupported dtype Half", "an operator in float16"),
        ("mkldnn_bf16_gemm: mkldnn bf16 path needs the cpu support avx512bw", "mkldnn_bf16_gemm in bfloat16"),
    ],
)
def test_every_form_in_which_torch_says_that_it_has_no_code(message, told):
    cause = cause_of(torch.nn.Conv2d(1, 1, 1), RuntimeError(message))
    assert cause.is_kernel_missing
    assert f"torch has no CPU code for {told}" in cause.what


def test_what_no_device_can_do_is_no_missing_code():
    error = RuntimeError("linalg.inv: Low precision dtypes not supported. Got Half")
    assert not cause_of(torch.nn.Conv2d(1, 1, 1), error).is_kernel_missing
