"""The tasks: each names a function of the probe that is called as the server calls it."""

from __future__ import annotations

import ast
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import yolopatch
from yolopatch.wire.checks import CHECKS
from yolopatch.wire.messages import UpstreamRequest
from yolopatch.wire.statuses import STATUSES
from yolopatch.wire.tasks import TASKS

PACKAGE = Path(yolopatch.__file__).parent
PROBE = PACKAGE / "probe"


def function(name):
    """The definition that `module:function` below the probe names."""
    module, _, name = name.partition(":")
    tree = ast.parse((PROBE / f"{module.replace('.', '/')}.py").read_text(encoding="utf-8"))
    (found,) = (node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == name)
    return found


def names(arguments):
    return [argument.arg for argument in arguments]


@pytest.mark.parametrize("task", TASKS.values(), ids=lambda task: task.name)
def test_every_task_names_a_function_with_the_parameters_that_it_is_called_with(task):
    found = function(task.runs)
    expected = ["upstream", "request", "emit"] if task.opens_upstream else ["request", "emit"]
    assert names(found.args.args)[: len(expected)] == expected
    assert len(found.args.args) == len(expected) + bool(task.before)
    assert ast.get_docstring(found)


@pytest.mark.parametrize("task", [task for task in TASKS.values() if task.before], ids=lambda task: task.name)
def test_what_begins_before_upstream_is_imported_is_called_with_the_request_and_does_not_import_torch(task):
    found = function(task.before)
    assert names(found.args.args) == ["request"]
    assert ast.get_docstring(found)
    module = task.before.partition(":")[0]
    code = f"import sys, yolopatch.probe.{module}; sys.exit('torch' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_tasks_are_found_by_their_own_name():
    assert [task.name for task in TASKS.values()] == list(TASKS)
    assert {name: task.opens_upstream for name, task in TASKS.items()} == {
        name: issubclass(task.request, UpstreamRequest) for name, task in TASKS.items()
    }


def test_no_two_tasks_have_the_same_request():
    assert len({task.request for task in TASKS.values()}) == len(TASKS)


def test_an_unknown_task_ends_the_probe_and_writes_no_answer(tmp_path):
    request, answers = tmp_path / "request.json", tmp_path / "answers"
    request.write_text(json.dumps({"task": "guess", "lifeline": None, "request": {}}))
    ended = subprocess.run([sys.executable, PROBE, request, answers], capture_output=True, text=True)
    assert ended.returncode == 1
    assert "KeyError: 'guess'" in ended.stderr
    assert not answers.exists()


def test_every_check_has_a_file_an_id_of_its_own_and_a_meaning():
    assert len({check.id for check in CHECKS}) == len(CHECKS)
    for check in CHECKS:
        assert (PROBE / "checks" / f"{check.module.replace('.', '/')}.py").is_file(), check.id
        assert re.fullmatch(r"[A-Z].+\.", check.means), f"{check.id}: one sentence for the user"
    assert len(set(STATUSES)) == 4


@pytest.mark.parametrize("file", sorted((PACKAGE / "wire").glob("*.py")), ids=lambda file: file.name)
def test_the_wire_parses_on_python_3_8_and_imports_the_standard_library_only(file):
    tree = ast.parse(file.read_text(encoding="utf-8"), feature_version=(3, 8))
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            assert all(name.name.partition(".")[0] in sys.stdlib_module_names for name in node.names)
        if isinstance(node, ast.ImportFrom):
            assert node.level == 1 or node.module.partition(".")[0] in sys.stdlib_module_names


_DECODE_ALL = """
import sys, types
root = sys.modules["package"] = types.ModuleType("package")
root.__path__ = [sys.argv[1]]
from package.wire.codec import decode
from package.wire.tasks import TASKS
for task in TASKS.values():
    for kind in (task.request, *task.answers):
        try:
            decode(kind, {"no such field": 1})
        except TypeError as error:
            assert "no such field" in str(error), (kind, error)
print("all")
"""


@pytest.mark.parametrize("version", ["3.8", "3.9"])
def test_an_older_python_can_read_every_type(version):
    python = shutil.which(f"python{version}")
    if python is None or subprocess.run([python, "--version"], capture_output=True).returncode:
        pytest.skip(f"no Python {version} here")
    ended = subprocess.run([python, "-c", _DECODE_ALL, PACKAGE], capture_output=True, text=True)
    assert ended.stdout == "all\n", ended.stderr
