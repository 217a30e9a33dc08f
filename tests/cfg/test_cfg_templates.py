"""The templates run strictly, in a sandbox, and read nothing outside their folder."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from jinja2 import DictLoader, FileSystemLoader, TemplateNotFound, UndefinedError
from jinja2.exceptions import SecurityError

from yolopatch.catalog.model.models import MODELS
from yolopatch.core.model.cfg_text import Cfg, is_untouched, render_text, without_comment_lines
from yolopatch.core.templates import template_environment

YOLO11 = Cfg(MODELS["yolo11"], "n")


def rendered_from(source: str) -> str:
    return render_text(YOLO11, template_environment(DictLoader({"models/yolo11/yolo11.yaml.j2": source})))


@pytest.mark.parametrize("source", ["{{ nosuch }}", "{% if nosuch %}x{% endif %}", "{{ letter.nosuch }}"])
def test_an_undefined_name_stops_the_render(source):
    with pytest.raises(UndefinedError):
        rendered_from(source)


def test_a_file_of_all_scales_has_no_single_row():
    env = template_environment(DictLoader({"models/yolo11/yolo11.yaml.j2": "{{ depth }}"}))
    with pytest.raises(UndefinedError):
        render_text(Cfg(MODELS["yolo11"], "all"), env)


def test_a_layer_that_the_model_lacks_stops_the_render():
    with pytest.raises(KeyError):
        rendered_from('{{ layer("p9_block") }}')


def test_the_sandbox_keeps_python_from_templates():
    with pytest.raises(SecurityError):
        rendered_from("{{ layer.__globals__ }}")


@pytest.mark.parametrize("target", ["../secret", "{absolute}", "sub/../../secret"])
def test_no_path_outside_the_template_folder_is_read(tmp_path: Path, target: str):
    (tmp_path / "secret").write_text("secret")
    folder = tmp_path / "templates"
    (folder / "models" / "yolo11").mkdir(parents=True)
    name = target.format(absolute=tmp_path / "secret")
    (folder / "models/yolo11/yolo11.yaml.j2").write_text(f'{{% include "{name}" %}}')
    with pytest.raises(TemplateNotFound):
        render_text(YOLO11, template_environment(FileSystemLoader(folder)))


def test_the_numbers_in_a_file_follow_from_the_order_of_the_names(rendered):
    lines = [line for line in rendered("yolo26", "n").splitlines() if line.startswith("  - [")]
    for place, name in ((9, "SPPF"), (13, "C3k2"), (22, "C3k2")):
        assert name in lines[place]
        assert f"# {place}" in lines[place]


def test_a_signed_text_is_known_until_it_is_edited(rendered):
    text = rendered("yolo11", "n")
    assert is_untouched(text)
    assert not is_untouched(text.replace("nc: 80", "nc: 3"))
    assert not is_untouched(text.partition("\n")[2])
    assert text.splitlines()[1].startswith("# yolo11, scale n")


def test_what_a_text_says_of_the_model_has_no_line_of_comments(rendered):
    text = rendered("yolo11", "n", "DSConv")
    said = without_comment_lines(text)
    assert yaml.safe_load(said) == yaml.safe_load(text)
    assert not any(line.lstrip().startswith("#") for line in said.splitlines())
    assert "- [-1, 1, Conv, [64, 3, 2]] # 0-P1/2" in said, "a comment behind a value stays"
