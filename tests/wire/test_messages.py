"""Every message of every task: it arrives as it was sent, and has a docstring.

The examples are made from the declared types of the fields: a new message type is tested without a word here.
"""

from __future__ import annotations

import dataclasses
import json
import math
import types
from collections.abc import Iterator, Mapping
from typing import Any, Union, get_args, get_origin, get_type_hints

import pytest

from yolopatch.wire.checkpoints import Agreement, UnpackAnswer, UnpackRequest
from yolopatch.wire.codec import decode, encode
from yolopatch.wire.facts import FactsAnswer, FactsRequest, LayerRow, ModelFacts, Question
from yolopatch.wire.lines import read_line, read_request, write_line, write_request
from yolopatch.wire.messages import Step
from yolopatch.wire.tasks import FACTS, GENERAL, TASKS, TRANSPLANT, UNPACK, VERIFY
from yolopatch.wire.verification import CheckEnded

_SCALARS = {str: "text", int: 7, float: 0.1, bool: True, Any: {"any": [1, "x", None]}, object: "plain"}


def samples(kind: type) -> Iterator[object]:
    """Yield the fullest example of a dataclass, then one with every field that may be None as None."""
    hints = get_type_hints(kind)
    fields = [field.name for field in dataclasses.fields(kind)]
    yield kind(**{name: _value(hints[name]) for name in fields})
    yield kind(**{name: None if _may_be_none(hints[name]) else _value(hints[name]) for name in fields})


def _value(kind: Any) -> Any:
    """Return an example of a declared type."""
    origin, arguments = get_origin(kind), get_args(kind)
    if dataclasses.is_dataclass(kind):
        return next(samples(kind))
    if origin in (Union, types.UnionType):
        return _value(arguments[0])
    if origin is tuple:
        return (_value(arguments[0]),) * 2
    if origin is list:
        return [_value(arguments[0])] * 2
    if origin is not None and issubclass(origin, Mapping):
        return {"one": _value(arguments[1]), "other": _value(arguments[1])}
    return _SCALARS[kind]


def _may_be_none(kind: Any) -> bool:
    return type(None) in get_args(kind)


def nested(kind: type) -> Iterator[type]:
    """Yield a dataclass and every dataclass in its fields, at any depth."""
    yield kind
    for hint in get_type_hints(kind).values():
        yield from _in_type(hint)


def _in_type(hint: Any) -> Iterator[type]:
    if dataclasses.is_dataclass(hint):
        yield from nested(hint)
    for argument in get_args(hint):
        yield from _in_type(argument)


ANSWERS = [(task, kind) for task in TASKS.values() for kind in (*GENERAL, *task.answers)]
REQUESTS = [task.request for task in TASKS.values()]
KINDS = sorted(
    {inner for kind in (*REQUESTS, *(kind for _, kind in ANSWERS)) for inner in nested(kind)},
    key=lambda kind: kind.__name__,
)


def _name(value: object) -> str:
    return getattr(value, "name", None) or getattr(value, "__name__", "")


@pytest.mark.parametrize(("task", "kind"), ANSWERS, ids=_name)
def test_every_answer_arrives_as_it_was_sent(task, kind):
    for message in samples(kind):
        assert read_line(task, write_line(message).encode()) == message


@pytest.mark.parametrize("lifeline", [None, 7])
@pytest.mark.parametrize("task", TASKS.values(), ids=_name)
def test_every_request_arrives_as_it_was_sent(task, lifeline):
    for request in samples(task.request):
        assert read_request(write_request(task, request, lifeline)) == (task, request, lifeline)


@pytest.mark.parametrize("kind", KINDS, ids=_name)
def test_every_message_type_is_frozen_and_documented(kind):
    assert dataclasses.is_dataclass(kind)
    assert kind.__dataclass_params__.frozen
    assert not kind.__doc__.startswith(f"{kind.__name__}(")  # what dataclass writes where there is no docstring


@pytest.mark.parametrize("task", TASKS.values(), ids=_name)
def test_the_answers_of_a_task_have_different_names(task):
    names = [kind.__name__ for kind in (*GENERAL, *task.answers)]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf], ids=str)
def test_a_number_that_json_does_not_have_arrives_where_a_float_is_declared(number):
    message = FactsAnswer((ModelFacts(1, (), true_gflops=number),))
    line = write_line(message)
    json.loads(line, parse_constant=pytest.fail)
    (found,) = read_line(FACTS, line.encode()).models
    assert found.true_gflops == number or (math.isnan(number) and math.isnan(found.true_gflops))


def test_a_number_that_json_does_not_have_is_a_word_in_evidence():
    evidence = {"gap": math.nan, "most": [math.inf], "least": (-math.inf,), "most of all": 1e308}
    found = read_line(VERIFY, write_line(CheckEnded("fuse", "fail", "", evidence, "", 0.1)).encode())
    assert found.evidence == {"gap": "NaN", "most": ["Infinity"], "least": ["-Infinity"], "most of all": 1e308}


def test_a_layer_that_reads_several_keeps_their_list():
    message = FactsAnswer((ModelFacts(1, (LayerRow(3, [-1, 2], "Concat", 0), LayerRow(4, -1, "Conv", 9))),))
    assert read_line(FACTS, write_line(message).encode()) == message


def test_bits_arrive_by_text_and_none_stays_none():
    assert Agreement("outputs", 0.1).data() == {"of": "outputs", "error": 0.1}
    assert Agreement("nothing", None).data() == {"of": "nothing", "error": None}
    full = Agreement("outputs", 0.1, (4,), {"2": 0.5})
    assert list(full.data().items()) == [("of", "outputs"), ("error", 0.1), ("own_bits", [4]), ("bits", {"2": 0.5})]


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"Traceback (most recent call last):",
        b'{"message": "Step", "name": "half',
        b"\xff\xfe",
        b"null",
        b"[]",
        b'"Step"',
        b"{}",
        b'{"name": "no message"}',
        b'{"message": ["Step"], "name": "no name"}',
        b'{"message": "Loaded", "model": "of another task"}',
        b'{"message": "Step"}',
        b'{"message": "Step", "name": "one field too many", "number": 1}',
        b'{"message": "UnpackAnswer", "layers": 1, "tensors": 2}',
    ],
)
def test_a_line_that_is_no_message_of_the_task(line):
    with pytest.raises(ValueError, match="not a message of the task unpack: "):
        read_line(UNPACK, line)


def test_the_error_shows_the_start_of_a_long_line():
    with pytest.raises(ValueError) as raised:
        read_line(UNPACK, b"x" * 10_000)
    assert len(str(raised.value)) < 300


def test_general_messages_belong_to_every_task():
    for task in TASKS.values():
        assert read_line(task, write_line(Step("reading")).encode()) == Step("reading")


def test_a_request_with_a_missing_or_an_unknown_field():
    whole = encode(UnpackRequest("workspace", "yolov5", "a.packed.pt", "a.pt"))
    with pytest.raises(TypeError, match="out"):
        decode(UnpackRequest, {key: value for key, value in whole.items() if key != "out"})
    with pytest.raises(TypeError, match="speed"):
        decode(UnpackRequest, {**whole, "speed": 1})


def test_a_field_with_a_default_may_be_missing():
    request = {"workspace": "w", "style": "yolov5", "imgsz": 64, "models": [{"cfg": "a.yaml", "scale": None}]}
    assert decode(FactsRequest, request).models == (Question("a.yaml", None),)


def test_a_message_keeps_nothing_of_what_it_was_made_from():
    line = write_line(UnpackAnswer(1, 2, "abc"))
    assert json.loads(line) == {"message": "UnpackAnswer", "layers": 1, "tensors": 2, "digest": "abc"}
    assert line.endswith("\n")
    assert line.count("\n") == 1
    assert "\n" not in write_line(Step("two\nlines"))[:-1]


def test_the_layers_of_a_transplant_are_printed_with_their_json_names():
    (answer, _) = samples(TRANSPLANT.answers[0])
    assert list(answer.layers[0].data()) == ["layer", "class", "base_layer", "base_class", "lost", "parts"]
    assert list(answer.layers[0].data()["parts"][0]) == [
        "name",
        "source",
        "how",
        "tensors",
        "taken",
        "reason",
        "error",
    ]
    assert list(answer.dropped[0].data()) == ["layer", "class"]
    assert json.loads(json.dumps([layer.data() for layer in answer.layers]))
