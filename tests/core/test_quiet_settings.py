"""Settings with which ultralytics sends nothing, from its own source in any form."""

from __future__ import annotations

import pytest

from yolopatch.core.environment.quiet_settings import quiet_settings

SOURCE = """\
class SettingsManager(dict):
    def __init__(self, file=SETTINGS_YAML, version="0.0.6"):
        self.defaults = {
            "settings_version": version,
            "datasets_dir": str(datasets_root / "datasets"),
            "weights_dir": str(root / "weights"),
            "uuid": hashlib.sha256(str(uuid.getnode()).encode()).hexdigest(),
            "sync": True,
            "api_key": "",
            "tensorboard": True,
            "wandb": True,
        }
"""


def test_every_key_is_there_and_every_service_is_off():
    assert quiet_settings(SOURCE, {"datasets_dir": "/data"}) == {
        "settings_version": "0.0.6",
        "datasets_dir": "/data",
        "weights_dir": "",
        "uuid": "0" * 64,
        "sync": False,
        "api_key": "",
        "tensorboard": True,
        "wandb": False,
    }


def test_the_settings_of_a_pin_are_read(pristine_tree):
    source = (pristine_tree("ultralytics-8.3.0") / "ultralytics/utils/__init__.py").read_text()
    found = quiet_settings(source, {"runs_dir": "/runs"})
    assert found is not None
    assert (found["runs_dir"], found["sync"]) == ("/runs", False)


@pytest.mark.parametrize(
    "source",
    [
        "",
        "class SettingsManager:\n    pass\n",
        "class SettingsManager:\n    def __init__(self, version):\n        self.defaults = {}\n",
        SOURCE.replace("self.defaults = {", "self.defaults |= {"),
        SOURCE.replace(', version="0.0.6"', ", version=NEWEST"),
        "def broken(:\n",
    ],
)
def test_a_source_without_such_settings_gives_none(source):
    assert quiet_settings(source, {}) is None
