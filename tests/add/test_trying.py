"""A model with a module, before it is called ready: what is built, what is told of it, and what is stored."""

from __future__ import annotations

import pytest

from yolopatch.core.own.tried import BUILT, FAILED, NOT_BUILT, Tried
from yolopatch.errors import EXIT_USAGE, UsageError
from yolopatch.outside.watch import no_watch
from yolopatch.steps.own.add import AddRequest, add
from yolopatch.steps.own.try_pins import READY, REFUSED, PinResult, require_any
from yolopatch.steps.tryout.build import try_module

GATE = """import torch
import torch.nn as nn


class Gate(nn.Module):
    def __init__(self, channel):
        super().__init__()
        self.fc = nn.Conv2d(channel, channel, 1)

    def forward(self, x):
        return x * torch.sigmoid(self.fc(x))
"""
# what only running shows: the shape depends on the values of the map
MASKED = GATE.replace("return x * torch.sigmoid(self.fc(x))", "y = self.fc(x)\n        return x * y[y > y.mean()]")
PIN = "ultralytics-8.3.0"


@pytest.fixture
def added(paste, own_catalog, cache):
    """Add a text, with this answer in the place of a model."""
    return lambda tried, text=GATE, **asked: add(
        AddRequest(paste(text, "Gate.py"), tries=True, **asked),
        own_catalog,
        cache,
        lambda module, patches, scales: tried,
    )


def test_a_model_that_was_built_makes_its_pin_ready(added, need_pin):
    need_pin(PIN)
    found = added(Tried(BUILT, PIN, "yolo11n"))
    assert [one.pin for one in found.pins if one.built] == [PIN]
    assert found.tried.state == BUILT


def test_a_module_with_which_a_model_fails_is_not_stored(added, own_catalog):
    failed = Tried(FAILED, PIN, "yolo11n", "layer 16: Gate raised RuntimeError", ("where: own_gate.py:11 in forward",))
    with pytest.raises(UsageError, match="Gate does not work in a model, yolo11n of") as caught:
        added(failed)
    assert "where: own_gate.py:11 in forward" in caught.value.details
    assert "--no-try" in caught.value.hint
    assert not own_catalog.exists()


def test_a_join_for_another_model_is_stored_though_it_has_no_place_in_the_usual_one(added):
    three = GATE.replace("return x * torch.sigmoid(self.fc(x))", "a, b, c = x\n        return torch.cat((a, b, c), 1)")
    three = three.replace("self, channel", "self").replace("channel, channel, 1", "1, 1, 1")
    found = added(Tried(FAILED, PIN, "yolo11n", "layer 12: not enough values to unpack"), three, like="Concat")
    assert found.changed
    assert "it joins only three maps" in found.decision.doubt
    assert not any(one.built for one in found.pins)


def test_a_pin_whose_model_fails_with_a_head_is_refused_where_another_ones_works(added, need_pin):
    need_pin(PIN)
    need_pin("ultralytics-8.4.0")
    refused = (("ultralytics-8.4.0", "list indices must be integers or slices, not str"),)
    found = {one.pin: one for one in added(Tried(BUILT, PIN, "yolo11n", refused=refused)).pins}
    assert (found[PIN].state, found[PIN].built) == (READY, True)
    assert (found["ultralytics-8.4.0"].state, found["ultralytics-8.4.0"].built) == (REFUSED, False)
    assert found["ultralytics-8.4.0"].why.startswith("a model with it fails: list indices")


def test_without_a_pin_in_the_cache_none_is_built(paste, own_catalog, tmp_path):
    def build(module, patches, scales):
        return try_module(module, patches, tmp_path / "no-cache", no_watch)

    found = add(AddRequest(paste(GATE, "Gate.py"), tries=True), own_catalog, tmp_path / "no-cache", build)
    assert (found.tried.state, found.tried.why) == (NOT_BUILT, "no pin is in the cache")
    assert not any(one.built for one in found.pins)


def test_where_each_pin_in_the_cache_refuses_it_none_is_said_to_be_missing(paste, own_catalog, cache, need_pin):
    need_pin(PIN)

    def build(module, patches, scales):
        return try_module(module, {}, cache, no_watch)

    found = add(AddRequest(paste(GATE, "Gate.py"), tries=True), own_catalog, cache, build).tried
    assert found.state == NOT_BUILT
    assert found.why.startswith("no pin in the cache can have it: ")
    assert PIN in found.why


def test_where_it_works_in_the_models_of_another_family_alone_this_is_said(paste, own_catalog, cache, need_pin):
    need_pin(PIN)

    def build(module, patches, scales):
        return try_module(module, {PIN: patches[PIN]}, cache, no_watch, scales={"yolo99": "x"})

    found = add(AddRequest(paste(GATE, "Gate.py"), tries=True), own_catalog, cache, build).tried
    assert found.why.startswith("it works in no model of the pins in the cache: ")


def test_an_interpreter_without_the_libraries_builds_none(paste, own_catalog, cache, need_pin, tmp_path):
    need_pin(PIN)

    def build(module, patches, scales):
        return try_module(module, patches, cache, no_watch, str(tmp_path / "no-python"))

    found = add(AddRequest(paste(GATE, "Gate.py"), tries=True), own_catalog, cache, build)
    assert found.tried.state == NOT_BUILT
    assert "no-python" in found.tried.why


def test_the_words_say_that_no_model_was_built(yolopatch, paste, own_catalog, need_pin):
    need_pin(PIN)
    ran = yolopatch("add", paste(GATE, "Gate.py"))
    assert f"{PIN}: ready, its patch compiles" in ran.out
    assert "no model was built: it was not asked for (yolopatch add FILE.py --try)" in ran.out


@pytest.mark.slow
def test_a_model_is_built_and_run(yolopatch, paste, own_catalog, need_pin):
    need_pin("ultralytics-8.4.0")
    found = yolopatch("add", paste(GATE, "Gate.py"), "--try", "--json").json
    assert found["tried"]["state"] == BUILT
    assert [pin["built"] for pin in found["pins"] if pin["pin"] == found["tried"]["pin"]] == [True]


@pytest.mark.slow
def test_what_only_a_model_shows_is_told_with_its_line(yolopatch, paste, own_catalog, need_pin):
    need_pin("ultralytics-8.4.0")
    ran = yolopatch("add", paste(MASKED, "Gate.py"), "--try")
    assert ran.code == EXIT_USAGE
    assert "Gate does not work in a model" in ran.err
    assert "own_gate.py:" in ran.err
    assert not own_catalog.exists()
    assert yolopatch("add", paste(MASKED, "Gate.py"), "--no-try").code == 0


WRITTEN = """y = x.clone()
        for i in (0, 1):
            y[:, i::2] = self.part(y[:, i::2])
        return y"""
WRITES = GATE.replace("return x * torch.sigmoid(self.fc(x))", WRITTEN)
WRITES = WRITES.replace(
    "self.fc = nn.Conv2d(channel, channel, 1)", "self.part = nn.Conv2d(channel // 2, channel // 2, 1)"
)


@pytest.mark.slow
def test_a_map_that_is_changed_in_place_is_told_with_its_line(yolopatch, paste, own_catalog, need_pin):
    need_pin("ultralytics-8.4.0")
    ran = yolopatch("add", paste(WRITES, "Gate.py"), "--try", "--catalog", own_catalog)
    assert ran.code == EXIT_USAGE, ran.out
    assert "and forward changes it in place afterwards" in ran.err
    assert "torch.cat of a list of the parts in place of y[:, i] = z" in " ".join(ran.err.split())


def test_a_hint_that_several_pins_give_is_said_once_in_its_longest_form():
    hints = ("write the class", "write the class; or import it", "write the class", "use another file")
    with pytest.raises(UsageError) as caught:
        require_any([PinResult(f"pin{n}", REFUSED, "no", hint=hint) for n, hint in enumerate(hints)], "Gate")
    assert caught.value.hint == "write the class; or import it; use another file"
