"""What `verify` cannot leave out: the import, two builds, its passes through whole models, one export each.

Run by `benchmarks/verify.py` in the interpreter that runs upstream, in which yolopatch is installed, too:
`count` runs every check once and writes down each pass through a whole model; `floor` makes these passes again,
and the exports, and nothing else.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

REQUEST, PASSES, TASK = sys.argv[1:]

import torch  # noqa: E402

from yolopatch.probe.build.reference_process import start  # noqa: E402
from yolopatch.probe.build.subject import Subject  # noqa: E402
from yolopatch.probe.checks.verification import verify  # noqa: E402
from yolopatch.probe.measure import exporting  # noqa: E402
from yolopatch.probe.measure.batches import detection_batch  # noqa: E402
from yolopatch.probe.tensors.tensors import image  # noqa: E402
from yolopatch.probe.upstreams.opening import open_upstream  # noqa: E402
from yolopatch.wire.codec import decode  # noqa: E402
from yolopatch.wire.verification import CheckBegun, VerifyRequest  # noqa: E402

EXPORTS = ("torchscript", "onnx")


class Log:
    """Every pass through a whole model: which of the two, image shape, mode, and whether it goes back from a loss.

    A model is told by its number of parameters; passes inside an export belong to the export.
    """

    def __init__(self, subject):
        self.passes = []
        self._upstream = subject.upstream
        self._loss = subject.upstream.loss
        self._sizes = {_size(subject.base): "base", _size(subject.model): "model"}
        self._kind = type(subject.model)
        self._paused = False

    def __enter__(self):
        self._hook = torch.nn.modules.module.register_module_forward_pre_hook(self._forward)
        self._upstream.loss = self._back
        return self

    def __exit__(self, *_):
        self._hook.remove()
        self._upstream.loss = self._loss

    def listen(self, message):
        """Take a message of the verification: exports begin and end."""
        self._paused = isinstance(message, CheckBegun) and message.id in EXPORTS

    def _forward(self, module, args):
        if not self._paused and type(module) is self._kind and isinstance(args[0], torch.Tensor):
            self._keep(module, args[0], back=False)

    def _back(self, model, batch):
        """Upstream's loss runs the model, and every check that asks for it goes back from it."""
        self._keep(model, batch["img"], back=True)
        paused, self._paused = self._paused, True
        try:
            return self._loss(model, batch)
        finally:
            self._paused = paused

    def _keep(self, model, images, back):
        which, shape = self._sizes.get(_size(model), "model"), list(images.shape)
        grad = torch.is_grad_enabled()
        self.passes.append({"which": which, "shape": shape, "train": model.training, "grad": grad, "back": back})


def _size(model):
    return sum(p.numel() for p in model.parameters())


def count(subject, request):
    """Run every check once and return its passes."""
    with Log(subject) as log:
        verify(subject.upstream, request, log.listen, start(request))
    return log.passes


def repeat(subject, passes):
    """Make the passes again, and one export to each format."""
    for one in passes:
        model = subject.base if one["which"] == "base" else subject.model
        batch, _, *side = one["shape"]
        model.train(one["train"])
        if one["back"]:
            subject.upstream.loss(model, detection_batch(model, subject.classes, max(side), batch)).backward()
            continue
        with torch.set_grad_enabled(one["grad"]):
            model(image(model, tuple(side), batch))
    for form in EXPORTS:
        exporting.export(subject, form).unlink()


def main():
    """Count, or repeat what was counted."""
    request = decode(VerifyRequest, json.loads(Path(REQUEST).read_text()))
    sys.path.insert(0, request.workspace)
    upstream = open_upstream(request.style)
    subject = Subject(upstream, request)
    assert subject.model is not None
    assert subject.base is not None
    if TASK == "count":
        Path(PASSES).write_text(json.dumps(count(subject, request)))
    else:
        repeat(subject, json.loads(Path(PASSES).read_text()))


main()
