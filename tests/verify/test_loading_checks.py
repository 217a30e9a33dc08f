"""The files of the checks are imported before the first check begins: what fails there is no fault of the model."""

from __future__ import annotations

import sys
from types import ModuleType, SimpleNamespace

import pytest

from yolopatch.probe.checks import verification
from yolopatch.probe.checks.verification import load_check, run_check, verify
from yolopatch.wire.checks import CHECKS
from yolopatch.wire.statuses import SKIP


@pytest.fixture
def import_fails(monkeypatch):
    """Let the import of one check's file raise an error."""

    def arrange(error: Exception) -> None:
        def import_module(name: str, package: str) -> ModuleType:
            if name.endswith(".flops"):
                raise error
            return sys.modules[f"{package}{name}"]

        monkeypatch.setattr(verification, "import_module", import_module)

    for check in CHECKS:
        load_check(check.id)
    return arrange


def test_a_check_that_this_environment_lacks_a_library_for_is_skipped(import_fails):
    import_fails(ImportError("cannot import name 'flop_registry' from 'torch.utils.flop_counter'"))
    finding = run_check(load_check("flops"), subject=None)
    assert finding.status == SKIP
    assert "flop_registry" in finding.summary
    assert "the model is not to blame" in finding.summary


def test_a_bug_in_a_checks_file_ends_everything_before_the_first_check(import_fails):
    import_fails(NameError("name 'torhc' is not defined"))
    sent = []
    with pytest.raises(NameError):
        verify(None, SimpleNamespace(checks=("build", "flops")), sent.append)
    assert sent == []
