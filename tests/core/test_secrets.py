"""What no message and no record may show."""

from __future__ import annotations

import pytest

from yolopatch.core.environment.secrets import hide_secret, hide_secrets

KEY = "0123456789abcdef"


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        ("WANDB_API_KEY", KEY, "***"),
        ("MLFLOW_TRACKING_PASSWORD", "short", "***"),
        ("MLFLOW_TRACKING_TOKEN", KEY, "***"),
        ("CLEARML_API_SECRET_KEY", KEY, "***"),
        ("MLFLOW_TRACKING_URI", "https://me:word@host/path", "https://***@host/path"),
        ("MLFLOW_TRACKING_URI", "https://host/a@b", "https://host/a@b"),
        ("WANDB_MODE", "offline", "offline"),
        ("COMET_APIKEY", KEY, "***"),
        ("TOKENIZERS_PARALLELISM", "false", "false"),
        ("MONKEY", "an animal", "an animal"),
    ],
)
def test_the_value_of_a_variable(name, value, shown):
    assert hide_secret(name, value) == shown


@pytest.mark.parametrize(
    "line",
    [
        f"invalid key {KEY}",
        f"401 for https://api.wandb.ai?key={KEY}",
        f"{KEY}{KEY}",
        f"GET http://me:{KEY}@host/api failed",
        f'headers={{"Authorization": "Bearer {KEY}"}}',
    ],
)
def test_a_line_of_a_child_process(line):
    shown = hide_secrets(line, {"COMET_API_KEY": KEY, "EMPTY_KEY": "", "ONE_TOKEN": "a"})
    assert KEY not in shown
    assert "***" in shown
