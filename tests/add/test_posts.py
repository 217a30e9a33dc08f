"""What people copy from a page is more than Python: `add` reads the Python in it, and says what it left out."""

from __future__ import annotations

import ast
import json
import textwrap

import pytest

from yolopatch.core.paste.reading import Pasted, read_paste
from yolopatch.errors import YolopatchError

CODE = '''import torch
import torch.nn as nn


class Gate(nn.Module):
    """门控: "it's" — a gate."""

    def __init__(self, channel, reduction=16):
        super().__init__()
        self.fc = nn.Conv2d(channel, channel, 1)  # 卷积，1×1

    def forward(self, x):
        if x is not None and 3 < 4:
            x = x - 0
        return x * torch.sigmoid(self.fc(x))
'''
BRANCH = "elif m is Gate:\n    args = [ch[f], *args]\n"
YAML = """nc: 80  # number of classes
scales: # model compound scaling constants
  n: [0.50, 0.25, 1024]

# backbone
backbone:
  - [-1, 1, Conv, [64, 3, 2]] # 0-P1/2
  - [-1, 1, Gate, [8]]
"""
END = len(CODE.splitlines())


def each_line(form) -> str:
    return "".join(form(number, line) for number, line in enumerate(CODE.splitlines(True), 1))


def indented(text: str, by: int = 4) -> str:
    return textwrap.indent(text, " " * by)


def notebook(*sources: str | list[str]) -> str:
    cells = [{"cell_type": "markdown", "source": ["# 门控\n"]}]
    cells += [{"cell_type": "code", "source": one, "outputs": []} for one in sources]
    return json.dumps({"cells": cells, "nbformat": 4, "nbformat_minor": 5})


def read(text: str, name: str = "Gate.py") -> Pasted:
    return read_paste(text.encode(), name)


def said(paste: Pasted) -> list[tuple[int, int]]:
    return [(first, last) for first, last, _ in paste.post.left_out]


AROUND = {
    "a line of prose": ("Here is the code of the module:\n", ""),
    "a line of Chinese": ("第一步：在 ultralytics/nn/modules 下新建 gate.py，粘贴下面的代码\n", ""),
    "a heading and a list": ("* copy this\n1. then that, it's easy\n", "3、最后运行\n"),
    "a branch of parse_model": ("", "\n" + BRANCH),
    "a branch that is indented": ("", "\n" + indented(BRANCH, 8)),
    "a branch with a list that is not closed": ("", "\nif m in {\n    Conv,\n    Gate,\n"),
    "a branch of several tests": ("", "\nelif m in (Gate,\n           Conv):\n    args = [ch[f], *args]\n"),
    "a YAML": ("", "\n" + YAML),
    "a YAML that starts at its backbone": ("", "\n" + YAML[YAML.index("backbone:") :]),
    "rows in two brackets": ("", "\nhead:\n  [[-1, 1, Gate, []],\n   [[-1, 6], 1, Concat, [1]],\n  ]\n"),
    "branch, prose and YAML": ("", f"\n{BRANCH}\nThen the YAML file, don't forget it:\n\n{YAML}"),
    "prose on both sides": ("The module is\n", "\nThanks for reading! See https://example.org/a?b=c\n"),
    "commands of a notebook": ("%matplotlib inline\n!pip install timm\n", "\nGate?\n"),
    "commands of a shell": ("$ pip install timm\n", "\npython train.py --cfg gate.yaml\n"),
    "tags of a page": ("<pre><code>\n", "</code></pre>\n<p>That is all</p>\n"),
    "an answer of an interpreter": ("", "\nOut[3]: <Gate at 0x7f00>\n"),
}


@pytest.mark.parametrize("case", AROUND)
def test_what_stands_around_the_code_is_left_out_and_said(case):
    before, after = AROUND[case]
    found = read(before + CODE + after)
    assert found.text.strip() == CODE.strip()
    assert ast.dump(found.tree) == ast.dump(ast.parse(CODE))
    dropped = {number for first, last in said(found) for number in range(first, last + 1)}
    lines = (before + CODE + after).splitlines()
    code = range(before.count("\n") + 1, before.count("\n") + END + 1)
    assert dropped
    assert not dropped & {*code}
    assert all(number in dropped or number in code or not lines[number - 1].strip() for number in range(1, len(lines)))


FORMS = {
    "a fence": f"# Gate\nText, it's short.\n```python\n{CODE}```\nand\n```yaml\n{YAML}```\n",
    "a fence that lost its first line": f"{CODE}```\n{YAML}",
    "two fences": f"```py\n{CODE[:35]}```\nthen\n~~~\n{CODE[35:]}~~~\n",
    "a fence with a margin": f"Text here\n\n```python\n{indented(CODE)}```\n",
    "prompts": each_line(lambda n, line: (">>> " if line[:1].strip() else "... ") + line),
    "prompts of IPython": each_line(lambda n, line: ("In [1]: " if n == 1 else "   ...: ") + line),
    "numbers": each_line(lambda n, line: f"{n:3d} {line}"),
    "numbers with bars": each_line(lambda n, line: f"{n}| {line}"),
    "numbers that stand left": each_line(lambda n, line: f"{n}".ljust(5) + line),
    "numbers and tabs": each_line(lambda n, line: f"{n + 40}\t{line}"),
    "spaces of a page": CODE.replace("    ", "\N{NO-BREAK SPACE} \N{NO-BREAK SPACE}\N{NO-BREAK SPACE}"),
    "spaces of no width": CODE.replace("self.fc", "self.\N{ZERO WIDTH SPACE}fc"),
    "full-width punctuation": CODE.replace("(channel, channel, 1)", "（channel， channel， １）"),
    "dashes": CODE.replace("x - 0", "x – 0"),
    "signs of HTML": CODE.replace("<", "&lt;").replace('"', "&quot;"),
    "signs of HTML, twice": CODE.replace("3 < 4", "3 &amp;lt; 4"),
    "a margin": indented(CODE),
    "a margin below prose": f"The code of it:\n\n{indented(CODE)}\nThat was all.\n",
    "tabs": CODE.replace("        self.fc", "\tself.fc"),
    "tabs of four": CODE.replace("        super", "\t\tsuper").replace("    def __init__", "\tdef __init__"),
    "a fence of numbers, with signs": f"Text here\n```\n{each_line(lambda n, line: f'{n:2d}: {line}')}```\n".replace(
        "<", "&lt;"
    ),
    "prompts, full-width, and a tail": each_line(
        lambda n, line: (">>> " if line[:1].strip() else "... ") + line
    ).replace("(x))", "（x）)")
    + "\n"
    + BRANCH,
    "prose, a margin, signs, and a YAML": f"看代码：\n\n{indented(CODE)}\n{YAML}".replace("<", "&lt;"),
}


@pytest.mark.parametrize("case", FORMS)
def test_how_a_page_shows_code_is_taken_off(case):
    found = read(FORMS[case])
    shown = ast.dump(found.tree).replace("\N{NO-BREAK SPACE}", " ")
    assert shown == ast.dump(ast.parse(CODE)), found.text
    assert found.post.left_out or found.post.mended


def test_lines_keep_the_numbers_that_they_have_in_the_post():
    text = f"Here is the code:\n\n{CODE}\n{BRANCH}"
    found = read(text)
    assert found.classes["Gate"].lineno == text[: text.index("class Gate")].count("\n") + 1
    assert said(found) == [(1, 1), (END + 4, END + 5)]


def test_quotes_of_a_text_editor_are_quotes():
    found = read(f"{CODE}\nif __name__ == “__main__”:\n    print(‘it is’)\n")
    assert "__name__ == \"__main__\":\n    print('it is')" in found.text
    assert '"it\'s" — a gate' in found.text, "a string keeps its characters"


def test_python_stays_as_it_is_whatever_it_looks_like():
    strange = f"{CODE}\nNOTE = '''\n>>> x\n1 2\n```\n&lt;\nelif m is Gate:\n'''\n#   1 第一步\nx = 3 - -1\n"
    found = read(strange)
    assert (found.text, found.post.left_out, found.post.mended) == (strange, (), ())


def test_a_notebook_is_its_code_cells_and_a_line_is_one_of_a_cell():
    text = notebook(
        ["!pip install timm\n", "import torch\n", "import torch.nn as nn"], "%%bash\nls\n", CODE[CODE.index("class") :]
    )
    found = read(text, "Gate.ipynb")
    assert ast.dump(found.tree) == ast.dump(ast.parse(CODE))
    assert str(found.place(found.classes["Gate"].lineno)) == "Gate.ipynb, cell 4, line 1"
    with pytest.raises(YolopatchError) as caught:
        read(notebook("import torch\n", "class A(nn.Module):\n    def f(self):\n        return 1 +\n"), "a.ipynb")
    assert "a.ipynb, cell 3, line 3" in caught.value.what


BROKEN = {
    "a method": (CODE.replace("return x *", "return x * *"), END),
    "a method, with a tail behind it": (f"{CODE.replace('return x *', 'return x * *')}\n{BRANCH}\n{YAML}", END),
    "a method, with prose before it": (f"Some words here.\n{CODE.replace('return x *', 'return x * *')}", END + 1),
    "the word class": (CODE.replace("class Gate", "clas Gate"), 5),
    "the word def": (CODE.replace("def forward", "de forward"), 12),
    "a bracket": (CODE.replace("channel, 1)", "channel, 1"), 10),
    "prose in a class": (CODE.replace("    def forward", "this is the forward\n    def forward"), 12),
    "prose in a method": (CODE.replace("        if x", "        now the sum\n        if x"), 13),
    "a lost margin": (CODE.replace("        super", "super"), 9),
    "two meanings of a tab": (f"{CODE}\tgain = 3\n", END + 1),
    "a string": (CODE.replace("门控: ", "门控: '''").replace('"""', "'''", 1), 6),
}


@pytest.mark.parametrize("case", BROKEN)
def test_broken_python_is_an_error_with_its_line(case):
    text, line = BROKEN[case]
    with pytest.raises(YolopatchError) as caught:
        read(text)
    assert f"Gate.py, line {line}:" in caught.value.what


def test_the_row_of_the_posts_yaml_is_the_default(yolopatch, paste, own_catalog, tmp_path):
    file = paste(f"{CODE}\n{BRANCH}\n{YAML}", "Gate.py")
    ran = yolopatch("add", file, "--json")
    assert ran.code == 0, ran.err
    assert ran.json["placement"] == "+0"
    assert {"argument": "reduction", "value": "8", "why": "by the row of the post's YAML"} in ran.json["decision"][
        "given"
    ]
    assert [(one["first"], one["last"]) for one in ran.json["left_out"]] == [(17, 18), (20, 27)]
    assert (own_catalog / "modules/own_gate.py").read_text("utf-8").strip() == CODE.strip()
    ran = yolopatch("render-cfg", "--module", "Gate", "--model", "yolo11", "--scale", "n", "--out", tmp_path)
    assert ran.code == 0, ran.err
    (cfg,) = tmp_path.glob("yolo11n-Gate*.yaml")
    rows = [line for line in cfg.read_text().splitlines() if line.strip().startswith("- [")]
    assert "Gate, [8]" in rows[1]


def test_words_say_what_was_left_out(yolopatch, paste, own_catalog):
    ran = yolopatch("add", paste(f"Here it is, the code:\n{CODE}\n{BRANCH}\n{YAML}".replace("<", "&lt;"), "Gate.py"))
    assert ran.code == 0, ran.err
    assert "left out: line 1, prose" in ran.out
    assert "left out: lines 18 to 19, lines of parse_model" in ran.out
    assert "left out: lines 21 to 28, YAML" in ran.out
    assert "read: line 14, HTML's signs (&lt;) read as their characters" in ran.out
