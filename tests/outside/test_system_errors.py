"""An error of the system is told as what it is: a permission is no full disk, and a name that is too long no damage."""

from __future__ import annotations

import errno
import os
import shutil
from types import SimpleNamespace

import pytest

from yolopatch.cli.failure import fail
from yolopatch.core.text import hide_passwords
from yolopatch.outside.files.system_errors import advice, cause_of, error_named_in, is_of_the_machine, machine_error
from yolopatch.outside.git.command import GitError, Repository

# what git, pip and uv print, each tried with the error given to the call that it makes
SAID = {
    "fatal: cannot create keep file: No space left on device": errno.ENOSPC,
    "error: unable to write symref for HEAD: Permission denied": errno.EACCES,
    "error: insufficient permission for adding an object to repository database ./objects": errno.EACCES,
    "fatal: unable to rename temporary file to 'objects/pack/pack-1.pack': Read-only file system": errno.EROFS,
    "error: file write error: Disk quota exceeded": errno.EDQUOT,
    "error: cannot open 'FETCH_HEAD': Too many open files": errno.EMFILE,
    "fatal: cannot mkdir 'x': File name too long": errno.ENAMETOOLONG,
    "fatal: '$GIT_DIR' too big": errno.ENAMETOOLONG,
    "ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device": errno.ENOSPC,
    "error: failed to create file `/x`: Permission denied (os error 13)": errno.EACCES,
    "git@github.com: Permission denied (publickey).": None,
    "fatal: couldn't find remote ref refs/tags/v9": None,
}


@pytest.mark.parametrize(("said", "number"), SAID.items())
def test_the_error_that_a_program_speaks_of(said, number):
    assert error_named_in(["Cloning into 'x'...", said, "fatal: index-pack failed"]) == number


@pytest.mark.parametrize("said", ["fatal: Could not write new index file.", "error: couldn't set 'refs/pin'"])
def test_where_a_program_does_not_say_why_the_folder_is_looked_at(said, tmp_path, monkeypatch):
    assert cause_of([said], tmp_path) is None
    monkeypatch.setattr(os, "access", lambda *_: False)
    assert cause_of([said], tmp_path) == errno.EACCES
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=4096))
    assert cause_of([said], tmp_path) == errno.ENOSPC


def test_the_command_of_an_advice_works_when_typed(tmp_path):
    told = advice(errno.EACCES, tmp_path / "not" / "made yet")
    assert told == f"check the permissions of {tmp_path} (`ls -ld {tmp_path}`), then run the command again"
    assert advice(errno.EACCES) == "check the permissions of that path, then run the command again"
    assert advice(errno.ENOSPC, tmp_path, "name another folder") == "free some space, or name another folder"
    assert advice(errno.ENOENT, tmp_path, "name another folder") == "name another folder"


@pytest.mark.parametrize(
    ("number", "next_step"),
    [
        (errno.EACCES, "check the permissions"),
        (errno.EROFS, "its file system is mounted read-only"),
        (errno.EDQUOT, "your disk quota is used up"),
        (errno.ENAMETOOLONG, "use a shorter name or path"),
        (errno.EMFILE, "ulimit -n"),
        (errno.ESTALE, "mount the network drive"),
    ],
)
def test_our_own_errors_get_the_advice_of_their_kind(number, next_step, tmp_path, capsys):
    assert fail(OSError(number, os.strerror(number), str(tmp_path)), False, False) == 1
    assert next_step in capsys.readouterr().err


def test_a_machine_without_a_folder_for_temporary_files(capsys):
    error = FileNotFoundError(errno.ENOENT, "No usable temporary directory found in ['/tmp', '/']")
    assert fail(error, False, False) == 1
    assert "export TMPDIR=DIR" in capsys.readouterr().err


def test_a_git_that_may_not_write_is_not_told_as_a_full_disk(tmp_path, monkeypatch):
    repository = Repository(tmp_path)
    repository.run("init", "--quiet")
    said = b"error: unable to write symref for HEAD: Permission denied\n"
    monkeypatch.setattr(Repository, "_communicate", lambda *_: (128, b"", said))
    with pytest.raises(GitError) as caught:
        repository.run("commit-tree", "x")
    assert "space" not in caught.value.hint
    assert f"ls -ld {tmp_path}" in caught.value.hint


def test_passwords_are_hidden_in_addresses_alone():
    assert hide_passwords("see https://me:p@example/a@b") == "see https://***@example/a@b"


def test_no_message_of_git_has_a_password(tmp_path, monkeypatch):
    said = b"fatal: Authentication failed for 'https://joe:secret@example.org/x/'\n"
    monkeypatch.setattr(Repository, "_communicate", lambda *_: (128, b"", said))
    with pytest.raises(GitError) as caught:
        Repository(tmp_path).run("fetch")
    assert caught.value.details == ("fatal: Authentication failed for 'https://***@example.org/x/'",)


def test_a_process_that_may_not_be_started_is_a_state_of_the_machine():
    assert is_of_the_machine(errno.EAGAIN)
    assert "ulimit -u" in advice(errno.EAGAIN)


def test_a_copy_to_a_full_disk_is_told_of_the_disk_that_is_full(tmp_path):
    error = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "/cache/pack", None, str(tmp_path / "pack"))
    found = machine_error(error)
    assert str(found).endswith(f" at {tmp_path / 'pack'}")
    unreadable = OSError(errno.EACCES, os.strerror(errno.EACCES), "/cache/pack", None, str(tmp_path / "pack"))
    assert str(machine_error(unreadable)).endswith(" at /cache/pack")
