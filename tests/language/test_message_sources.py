"""The messages are read from the sources: whole sentences, one for each form that an expression can take."""

from __future__ import annotations

import pytest

from yolopatch.maintain.messages.python_source import Reader
from yolopatch.maintain.messages.template_source import template_messages


def read(source: str, words: bool = False) -> list[str]:
    return Reader(words).messages(source)


@pytest.mark.parametrize(
    ("source", "messages"),
    [
        ('print("two words")', ["two words"]),
        ('raise E(f"no file {found.path} here")', ["no file {path} here"]),
        ("E(f\"{n} image{'s' if n > 1 else ''} in {len(rows)}\")", ["{n} images in {rows!n}", "{n} image in {rows!n}"]),
        ("E(f\"{n} image{'s' * (n > 1)} here\")", ["{n} image here", "{n} images here"]),
        ("E(f\"no file in {name or 'this folder'}\")", ["no file in {name}", "no file in this folder"]),
        ('E("a part " + part + " of it")', ["a part {part} of it"]),
        ('E(f"{a.b} and {c.b} differ")', ["{b} and {b2} differ"]),
        ('E(f"{a.b} and {a.b} agree")', ["{b} and {b} agree"]),
        ('E(f"a set of {{x}} and {y}")', ["a set of {{x}} and {y}"]),
    ],
)
def test_each_form_of_an_expression_is_a_message(source, messages):
    assert read(source) == messages


@pytest.mark.parametrize(
    ("source", "messages"),
    [
        ("E(f\"at {name or ''} in it\")", ["at {name} in it"]),
        ("E(f\"a part of {x if y else ''} in it\")", ["a part of {y} in it"]),
    ],
)
def test_a_value_or_nothing_makes_no_sentence_without_it(source, messages):
    assert read(source) == messages


def test_a_text_that_the_file_names_is_part_of_its_sentences():
    source = """
_WHO = "the fork"
def f(x):
    return f"{_WHO} has no {x}"
def g(_WHO):
    return f"{_WHO} has no file"
"""
    assert read(source) == ["the fork", "the fork has no {x}", "{WHO} has no file"]


def test_a_fragment_in_a_variable_is_part_of_its_sentence():
    source = """
def f(found):
    scale = f" at {found.scale}" if found.scale else ""
    return f"verified the model{scale}"
"""
    assert read(source) == ["verified the model at {scale}", "verified the model"]


@pytest.mark.parametrize(
    "source",
    [
        '"""What this file is for."""',
        'class A:\n    """What this class is."""',
        'def f():\n    """What it does."""',
        "re.compile('two words here')",
        "x == 'two words here'",
        "x['two words here']",
        "'import it now\\nfrom x import y'",
        "text = 'single'",
        "x: 'two words here' = 1",
    ],
)
def test_what_nobody_reads_is_no_message(source):
    assert read(source) == []


def test_the_docstring_of_a_command_is_its_help():
    source = '@click.command("x")\ndef command():\n    """Do this\n    and that.\n\n    More of it.\n    """'
    assert read(source) == ["Do this and that.", "More of it."]


def test_only_what_click_makes_a_command_has_help():
    assert read('@grouping("x")\ndef command():\n    """Do this and that."""') == []


def test_one_word_beside_values_counts_where_heads_of_tables_are():
    assert read('E(f"{x}, scale {y}")', words=True) == ["{x}, scale {y}"]
    assert read('E(f"{x}, scale {y}")') == []
    assert read('E(f"--scale {y}")', words=True) == []


def test_single_words_count_where_heads_of_tables_are():
    assert read('table(("layer", "base_layer"), fg="red")', words=True) == ["layer"]


def test_a_template_has_texts_and_what_is_read_aloud():
    template = (
        '<h1 title="a title">The {{ page.name }}</h1>'
        "{% if x %}<p>One</p>{% else %}Two words{% endif %}<code>not this</code>"
    )
    assert template_messages(template) == ["a title", "The {name}", "One", "Two words"]


@pytest.mark.parametrize(
    ("template", "messages"),
    [
        ("{{ n | length }} run{{ 's' if n | length != 1 }}", ["{n!n} runs", "{n!n} run"]),
        ("{{ a.x }} of {{ b.x }} layers", ["{x} of {x2} layers"]),
        ('the {{ "first" if one else "last" }} layer', ["the first layer", "the last layer"]),
    ],
)
def test_an_expression_of_a_template_that_chooses_gives_a_message_for_each_choice(template, messages):
    assert template_messages(template) == messages
