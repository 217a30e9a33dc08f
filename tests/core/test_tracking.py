"""With which environment variables a tracker shows a run: the run's own, and the user's where they are for all runs."""

from __future__ import annotations

import json
from pathlib import PurePosixPath

import pytest

from yolopatch.core.environment.tracking import Places, tracking_variables
from yolopatch.errors import UsageError
from yolopatch.wire.training import Tracked

COMMIT = "c" * 40
TAGS = {"group": "paper", "arm": "A+B", "scale": "n", "seed": "3", "commit": COMMIT}
PLACES = Places(
    run=PurePosixPath("/grid/runs/A+B-n-3"), store=PurePosixPath("/grid/mlflow"), here=PurePosixPath("/home/me")
)


@pytest.fixture
def variables():
    """Give the variables of one run of a grid for what the user has set."""

    def make(tracker: str, group: str = "paper", arm: str = "A+B", **users: str) -> dict[str, str]:
        tracked = Tracked(tracker, "A+B-n-3", group, {**TAGS, "arm": arm})
        return tracking_variables(tracked, users, PLACES)

    return make


def test_wandb_gets_project_group_name_and_tags(variables):
    assert variables("wandb") == {
        "WANDB_MODE": "online",
        "WANDB_PROJECT": "paper",
        "WANDB_RUN_GROUP": "paper",
        "WANDB_DIR": "/grid/runs/A+B-n-3",
        "WANDB_NAME": "A+B-n-3",
        "WANDB_TAGS": f"group:paper,arm:A+B,scale:n,seed:3,commit:{COMMIT}",
    }


def test_the_users_project_stays_and_the_runs_name_is_the_runs(variables):
    found = variables("wandb", WANDB_PROJECT="thesis", WANDB_NAME="one name", WANDB_MODE="offline", WANDB_TAGS="draft")
    assert (found["WANDB_PROJECT"], found["WANDB_MODE"]) == ("thesis", "offline")
    assert found["WANDB_NAME"] == "A+B-n-3"
    assert found["WANDB_TAGS"].split(",")[:2] == ["draft", "group:paper"]
    assert variables("wandb", WANDB_PROJECT="")["WANDB_PROJECT"] == "paper"  # set, and empty
    assert variables("mlflow", MLFLOW_EXPERIMENT_NAME="thesis")["MLFLOW_EXPERIMENT_NAME"] == "thesis"
    assert variables("comet", COMET_PROJECT_NAME="thesis")["COMET_PROJECT_NAME"] == "thesis"


@pytest.mark.parametrize("arm", ["A, B", "卷积，基线", "a" * 80, "x:y", "#1"])
def test_a_name_that_wandb_would_take_apart_or_refuse(variables, arm):
    tags = variables("wandb", arm=arm)["WANDB_TAGS"].split(",")
    assert len(tags) == len(TAGS)
    assert max(map(len, tags)) <= 64


@pytest.mark.parametrize("group", ["a/b", "50%", "what?", "C#", "a:b"])
def test_a_folder_whose_name_is_no_project_of_wandb(variables, group):
    found = variables("wandb", group=group)
    assert not set(found["WANDB_PROJECT"]) & set("/\\#?%:")
    assert found["WANDB_RUN_GROUP"] == group


def test_mlflow_writes_files_beside_the_runs_with_the_tags(variables):
    found = variables("mlflow")
    assert found["MLFLOW_TRACKING_URI"] == "file:///grid/mlflow"
    assert found["MLFLOW_ALLOW_FILE_STORE"] == "true"
    assert (found["MLFLOW_EXPERIMENT_NAME"], found["MLFLOW_RUN"]) == ("paper", "A+B-n-3")
    assert json.loads(found["MLFLOW_RUN_CONTEXT"]) == TAGS


@pytest.mark.parametrize(
    ("users", "childs"),
    [
        ("https://user:pass@host/mlflow", "https://user:pass@host/mlflow"),
        ("databricks", "databricks"),
        ("databricks://profile", "databricks://profile"),
        ("postgresql+psycopg2://host/db", "postgresql+psycopg2://host/db"),
        ("sqlite:///mlflow.db", "sqlite:////home/me/mlflow.db"),
        ("sqlite:////data/mlflow.db", "sqlite:////data/mlflow.db"),
        ("sqlite://", "sqlite://"),
        ("mlruns", "file:///home/me/mlruns"),
        ("./runs/mlflow", "file:///home/me/runs/mlflow"),
        ("/data/mlruns", "file:///data/mlruns"),
    ],
)
def test_the_users_place_for_mlflow_is_the_same_from_the_workspaces_folder(variables, users, childs):
    found = variables("mlflow", MLFLOW_TRACKING_URI=users)
    assert found["MLFLOW_TRACKING_URI"] == childs
    assert "MLFLOW_ALLOW_FILE_STORE" not in found  # whether files are allowed is then the user's


def test_the_users_tags_for_mlflow_are_kept_and_broken_ones_said(variables):
    found = variables("mlflow", MLFLOW_RUN_CONTEXT='{"paper": "draft", "arm": "mine"}')
    assert json.loads(found["MLFLOW_RUN_CONTEXT"]) == {"paper": "draft", **TAGS}
    for broken in ("paper=draft", "[1]", "3", '{"a":', "[" * 100_000):
        with pytest.raises(UsageError, match="no tags"):
            variables("mlflow", MLFLOW_RUN_CONTEXT=broken)


@pytest.mark.parametrize(
    ("users", "mode"),
    [
        ({}, ("online", "1")),
        ({"COMET_MODE": "offline"}, ("offline", "0")),
        ({"COMET_START_ONLINE": "0"}, ("offline", "0")),
        ({"COMET_START_ONLINE": "False"}, ("offline", "0")),
        ({"COMET_MODE": "online", "COMET_START_ONLINE": "1"}, ("online", "1")),
    ],
)
def test_comet_is_offline_on_every_pin_where_the_user_says_so_in_one_way(variables, users, mode):
    found = variables("comet", **users)
    assert (found["COMET_MODE"], found["COMET_START_ONLINE"]) == mode
    assert found["COMET_PROJECT_NAME"] == "paper"
    assert found["COMET_OFFLINE_DIRECTORY"] == "/grid/runs/A+B-n-3"


def test_a_folder_of_the_users_is_the_one_that_they_see(variables):
    assert variables("wandb", WANDB_DIR="tracked")["WANDB_DIR"] == "/home/me/tracked"
    assert variables("comet", COMET_OFFLINE_DIRECTORY="/c")["COMET_OFFLINE_DIRECTORY"] == "/c"


def test_clearml_and_tensorboard(variables):
    assert variables("clearml") == {"CLEARML_OFFLINE_MODE": "0"}
    assert variables("clearml", CLEARML_OFFLINE_MODE="1") == {"CLEARML_OFFLINE_MODE": "1"}
    assert variables("tensorboard") == {}
