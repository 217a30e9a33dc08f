"""A module builds and runs in the place of every layer, and behind every layer, at which it is not refused."""

from __future__ import annotations

import itertools

import pytest

from yolopatch.catalog.model.models import find_model
from yolopatch.catalog.module import FLAVORS
from yolopatch.catalog.pins import PINS
from yolopatch.catalog.resources import templates_dir
from yolopatch.core.model.placement import choose
from yolopatch.errors import UsageError
from yolopatch.steps.model.render import render
from yolopatch.steps.model.render_request import RenderRequest

from ..of_tutorials import MODULES


def allowed(model: str, module: str, flavor: str) -> list[str]:
    """Give every placement of one layer, or behind one, that is not refused."""
    numbers = range(len(find_model(model).layers))
    return [
        asked for asked in (f"{sign}{n}" for sign in ("", "+") for n in numbers) if fits(model, module, flavor, asked)
    ]


def fits(model: str, module: str, flavor: str, asked: str) -> bool:
    try:
        choose(find_model(model), MODULES[module], flavor, asked)
    except UsageError:
        return False
    return True


def asked_models():
    """Give (pin, flavor, module) so that every two of them meet."""
    for (row, pin), (column, module) in itertools.product(enumerate(PINS), enumerate(MODULES)):
        yield pin, FLAVORS[(row + column) % 2], module


@pytest.mark.slow
@pytest.mark.parametrize(("pin", "flavor", "module"), asked_models())
def test_each_layer_that_takes_the_module_runs_with_it(pin, flavor, module, probe, tmp_path):
    model = PINS[pin].model
    placements = allowed(model, module, flavor)
    assert len(placements) >= 27, "every block and convolution, and the place behind each"
    files = [
        render(
            RenderRequest((module,), model, scales="n", placements=(asked,), flavor=flavor, out=tmp_path / asked),
            templates_dir(),
        ).files[0]
        for asked in placements
    ]
    for file, facts in zip(files, probe(pin, flavor, [(file.path, "n") for file in files], ("passes",)), strict=True):
        (layer,) = file.layers
        assert module in facts.table[layer].kind or facts.table[layer].kind == MODULES[module].conv
        assert facts.passes.without_gradient == ()
