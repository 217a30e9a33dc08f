"""What runs the pages notices what is wrong in them."""

from __future__ import annotations

import pytest

from .output import as_seen, missing_line
from .page import Command, Given, Saved, read_page


@pytest.fixture
def written(tmp_path):
    """Write a page."""

    def write(text: str):
        page = tmp_path / "page.md"
        page.write_text(text, encoding="utf-8")
        return page

    return write


PAGE = """# A page

<!-- given: fork -->
Save this as `a.py`:

```python title="a.py"
x = "```"
```

```
$ not a command of the page
```

1. In a list:

   <!-- exit 4 -->
   <!-- varies: [0-9]+ ms -->
   ```console
   $ echo one \\
       two
   one two
   $ false
   ```

<!-- not run: it takes a night -->
```console
$ train
```
"""


def test_a_page_is_read_in_its_order(written):
    given, saved, first, second, third = read_page(written(PAGE))
    assert given == Given("fork")
    assert saved == Saved("a.py", 'x = "```"\n')
    assert first == Command(19, "echo one \\\n    two", ("one two",), 0, ("[0-9]+ ms",))
    assert second == Command(22, "false", (), 4, ("[0-9]+ ms",))
    assert third == Command(27, "train", (), not_run="it takes a night")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("```console\n$ true\n", "has no end"),
        ("```console\nno command\n```\n", "output before the first command"),
        ("<!-- exit 4 -->\n", "no fence comes after"),
    ],
)
def test_a_page_that_cannot_be_read_is_no_page_without_commands(written, text, why):
    with pytest.raises(AssertionError, match=why):
        read_page(written(text))


@pytest.mark.parametrize("shown", [["a", "c"], ["a", "...", "c"], ["a b", "..."], ["a b", "  c"], ["b...f"], []])
def test_lines_that_are_shown_may_be_some_of_those_printed(shown):
    assert missing_line(shown, "a\na   b\nc\nb c d e f\n") is None


@pytest.mark.parametrize(
    ("shown", "missing"), [(["c", "a"], "a"), (["a", "a"], "a"), (["b...g"], "b...g"), (["a c"], "a c")]
)
def test_a_line_that_was_not_printed_in_this_order_is_found(shown, missing):
    assert missing_line(shown, "a\nb\nc\nb c d e f\n") == missing


def test_what_differs_between_machines_does_not_count_and_the_rest_does():
    printed = "commit 09098008526d1b7a\n build  0.8 s  24 layers, 12 ms\n"
    assert missing_line(["commit 99098008526d1b7a", "build  30.1 s  24 layers, 7 ms"], printed, [r"\d+ ms"]) is None
    assert missing_line(["build  30.1 s  24 layers, 7 ms"], printed) == "build <varies> 24 layers, 7 ms"
    assert missing_line(["build  30.1 s  23 layers, 7 ms"], printed, [r"\d+ ms"]) is not None


def test_the_width_of_the_terminal_does_not_count():
    assert missing_line(["pass  build  a text", "that is long"], "pass  build  a text\nthat is long") is None
    assert (
        missing_line(["pass  build  a text that is long"], "pass  build  a text" + "\n" + " " * 30 + "that is long")
        is None
    )


def test_a_terminal_shows_the_last_state_of_a_line_and_no_colours():
    assert as_seen("\x1b[31mred\x1b[0m\n 10%\r 50%\r100%\nend\r\n") == "red\n100%\nend\n"


def test_a_page_is_run_up_to_its_first_failure(written, read_and_do):
    page = written("```console\n$ x=1; cd /\n$ echo $x $PWD\n1 /\n$ false\n$ echo never\n```\n")
    with pytest.raises(AssertionError, match=r"line 5: false\nends with 1, and not 0"):
        read_and_do(page)


def test_output_that_the_page_does_not_have_so_is_an_error(written, read_and_do):
    with pytest.raises(AssertionError, match=r"line 2: echo one\ndid not print, after the lines before it:\n  two"):
        read_and_do(written("```console\n$ echo one\ntwo\n```\n"))


def test_files_are_saved_codes_compared_and_what_cannot_run_is_left_out(written, read_and_do):
    page = written(
        '```text title="a.txt"\nfrom the page\n```\n<!-- exit 3 -->\n```console\n$ cat a.txt\nfrom the page\n'
        "$ (exit 3)\n```\n<!-- not run: no such command -->\n```console\n$ no-such-command\n```\n"
    )
    assert [ran.code for ran in read_and_do(page)] == [0, 3]


def test_a_page_has_no_network_unless_it_says_so(written, read_and_do):
    page = written("```console\n$ echo $PIP_NO_INDEX $GIT_ALLOW_PROTOCOL\n1 file\n```\n")
    assert read_and_do(page)


def test_a_page_without_a_command_is_not_one_that_passed(written, read_and_do):
    with pytest.raises(AssertionError, match="has no command to run"):
        read_and_do(written("# Nothing\n"))


def test_the_command_of_the_page_is_the_one_that_is_tested(written, read_and_do):
    assert read_and_do(written("```console\n$ yolopatch --version\nyolopatch, version ...\n```\n"))
