"""The cache: filled once, verified on every use, rebuilt when damaged, and enough by itself when offline."""

from __future__ import annotations

import errno
import multiprocessing
import os
import shutil
import sys
from pathlib import Path

import pytest

from yolopatch.catalog.pins import PINS
from yolopatch.core.workspace.commit_message import read_trailers
from yolopatch.errors import SourceError, YolopatchError
from yolopatch.outside.child.group import start_group
from yolopatch.outside.files.held import HELD
from yolopatch.outside.files.staging import new_part
from yolopatch.outside.git import snapshot
from yolopatch.outside.git.command import GitError, Repository
from yolopatch.outside.git.unreachable import unreachable
from yolopatch.outside.source import pypi, store
from yolopatch.outside.source.store import cache_dir, entry_path, pristine

PIN = PINS["ultralytics-8.3.0"]


@pytest.fixture
def warm(cache, tmp_path, need_pin) -> Path:
    """A cache of the test's own that holds the pin from PyPI."""
    need_pin(PIN.name)
    own = tmp_path / "cache"
    entry = entry_path(PIN, "pypi", own)
    if not entry_path(PIN, "pypi", cache).is_dir():
        pytest.skip("PyPI cannot be reached here")
    shutil.copytree(entry_path(PIN, "pypi", cache), entry)
    return own


def test_a_cache_that_another_user_filled_is_used(warm, monkeypatch):
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")  # git takes every folder for another user's
    with pristine(PIN, "auto", warm) as found:
        assert (found.source, found.notes) == ("pypi", ())


@pytest.fixture
def offline(monkeypatch, tmp_path):
    """No network: the index answers nothing, and git's addresses lead nowhere."""
    nowhere = tmp_path / "nowhere"
    config = tmp_path / "gitconfig"
    config.write_text(f'[url "file://{nowhere}/"]\n\tinsteadOf = https://github.com/\n')
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(config))
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    for name in ("PIP_FIND_LINKS", "PIP_EXTRA_INDEX_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PIP_RETRIES", "0")


def _blobs(cache: Path, pin=PIN, source: str = "auto") -> dict[str, str]:
    with pristine(pin, source, cache) as found:
        return dict(found.blobs)


def _notes(cache: Path, source: str = "auto") -> str:
    with pristine(PIN, source, cache) as found:
        return "; ".join(found.notes)


def _files(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


def test_a_warm_cache_needs_no_network(warm, offline, monkeypatch):
    monkeypatch.setattr(pypi, "download", lambda *_: pytest.fail("asked the index"))
    monkeypatch.setattr(snapshot, "fetch_tag", lambda *_: pytest.fail("asked git"))
    assert PIN.layout.parser in _blobs(warm)
    assert _notes(warm) == ""


def test_a_warm_cache_is_not_written_to(warm, offline, fingerprint):
    before = fingerprint(warm)
    _blobs(warm)
    assert fingerprint(warm) == before


def test_names_in_the_cache_can_be_read(warm):
    assert [path.name for path in (warm / "pins").iterdir()] == ["ultralytics-8.3.0-pypi.git"]


def test_the_root_commit_says_what_it_is_and_is_the_same_everywhere(warm, tmp_path):
    with pristine(PIN, "auto", warm) as found:
        message = found.repository.run("log", "-1", "--format=%B", snapshot.PRISTINE)
        dates = found.repository.run("log", "-1", "--format=%at %ct %an %ce", snapshot.PRISTINE)
    assert read_trailers(message) == {
        "Pin": "ultralytics-8.3.0",
        "Source": f"pypi ultralytics==8.3.0 sha256:{PIN.wheel.sha256}",
    }
    assert dates.split() == ["1767225600", "1767225600", "yolopatch", "yolopatch@users.noreply.github.com"]


def test_no_network_and_no_cache_tells_every_source_and_the_way_out(tmp_path, offline):
    with pytest.raises(SourceError) as caught:
        _blobs(tmp_path / "cache")
    error = caught.value
    assert error.exit_code == 1
    assert error.what == "no source has ultralytics-8.3.0"
    said = {line.split(":")[0]: line for line in error.details}
    assert set(said) == {"git", "pypi"}
    assert "git fetch failed" in said["git"]
    assert "nowhere" in said["git"], "what git itself said"
    assert "pip download ultralytics==8.3.0 failed" in said["pypi"]
    assert "http://127.0.0.1:9/simple/ultralytics/ cannot be reached: " in said["pypi"]
    assert "Connection refused" in said["pypi"]
    assert "No matching distribution" not in said["pypi"], "it says nothing of why"
    assert "--source PATH" in error.hint
    assert "the wheel ultralytics 8.3.0" in error.hint
    assert "a clone of https://github.com/ultralytics/ultralytics with the tag v8.3.0" in error.hint
    assert not {name for name in _files(tmp_path / "cache") if "ultralytics" in name and "locks" not in name}


def test_a_host_out_of_reach_is_one_calm_line(tmp_path, warm, monkeypatch):
    config = tmp_path / "gitconfig"
    config.write_text('[url "http://127.0.0.1:9/"]\n\tinsteadOf = https://github.com/\n')  # where nobody listens
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(config))
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    from_host, held = store.fillers(PIN)["git"], entry_path(PIN, "pypi", warm)
    monkeypatch.setattr(store, "fillers", lambda pin: {"git": from_host, "pypi": lambda bare: _copy_bare(bare, held)})
    assert _notes(tmp_path / "empty") == "127.0.0.1 cannot be reached; taking ultralytics-8.3.0 from PyPI"
    with pytest.raises(SourceError) as caught:
        _blobs(tmp_path / "empty", source="git")
    (said,) = caught.value.details
    assert said.startswith("git: 127.0.0.1 cannot be reached; fatal: unable to access"), "what git itself said"


def _copy_bare(bare: Repository, held: Path) -> str:
    shutil.copytree(held, bare.path, dirs_exist_ok=True)
    return "pypi"


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (
            "fatal: unable to access 'https://github.com/a/b/': Could not resolve host: github.com",
            "GitHub cannot be reached",
        ),
        (
            "fatal: unable to access 'https://mirror.org:84/b/': The requested URL returned error: 502",
            "mirror.org answers with the HTTP status 502",
        ),
        (
            "ssh: connect to host github.com port 22: Connection timed out\nfatal: Could not read from remote",
            "GitHub cannot be reached",
        ),
        (
            "fatal: unable to access 'https://a.org/b/': Maximum (20) redirects followed",
            "a.org sends from one address to the next without an end",
        ),
        ("fatal: couldn't find remote ref refs/tags/v9", None),
        ("fatal: '/nowhere' does not appear to be a git repository", None),
        ("", None),
    ],
)
def test_the_host_that_git_cannot_reach_is_named(said, told):
    assert unreachable(GitError("git fetch failed", details=said.splitlines())) == told


def test_a_source_that_the_pin_does_not_have(tmp_path):
    with pytest.raises(SourceError, match=r"yolov5-6\.1 has no pypi source") as caught:
        _blobs(tmp_path, PINS["yolov5-6.1"], "pypi")
    assert "--source git" in caught.value.hint


def _truncate(pack: Path) -> None:
    pack.write_bytes(pack.read_bytes()[:-1000])


def _flip(pack: Path) -> None:
    data = bytearray(pack.read_bytes())
    data[len(data) // 2] ^= 1
    pack.write_bytes(data)


def _empty(pack: Path) -> None:
    pack.write_bytes(b"")


def _damage_pack(how):
    def damage(entry: Path) -> None:
        (pack,) = (entry / "objects" / "pack").glob("*.pack")
        pack.chmod(0o600)
        how(pack)

    return damage


def _remove(pattern: str):
    def damage(entry: Path) -> None:
        for path in entry.glob(pattern):
            shutil.rmtree(path) if path.is_dir() else path.unlink()

    return damage


def _empty_folder(entry: Path) -> None:
    shutil.rmtree(entry)
    entry.mkdir()


def _file_instead(entry: Path) -> None:
    shutil.rmtree(entry)
    entry.write_text("not a repository")


def _other_content(entry: Path) -> None:
    shutil.rmtree(entry)
    snapshot.import_files(snapshot.create(entry), {PIN.layout.parser: b"evil = True\n"}, "another\n")


DAMAGES = {
    "truncated pack": _damage_pack(_truncate),
    "flipped bit": _damage_pack(_flip),
    "empty pack": _damage_pack(_empty),
    "missing pack": _remove("objects/pack/*.pack"),
    "missing index": _remove("objects/pack/*.idx"),
    "no objects": _remove("objects"),
    "no refs": _remove("refs/heads/*"),
    "no HEAD": _remove("HEAD"),
    "broken config": lambda entry: (entry / "config").write_text("[core\n"),
    "empty folder": _empty_folder,
    "a file": _file_instead,
    "other content": _other_content,
}


@pytest.fixture
def wheel(warm, cache, tmp_path, monkeypatch) -> Path:
    """The pin's real wheel, which pip then "downloads"."""
    kept = cache / "wheel-for-tests"
    if not list(kept.glob("*.whl")):
        fresh = tmp_path / "fresh"
        fresh.mkdir()
        try:
            found = pypi.download(PIN.wheel, fresh)
        except SourceError as error:
            pytest.skip(f"{error.what}: {error.details}")
        kept.mkdir(exist_ok=True)
        os.replace(found, kept / found.name)
    (found,) = kept.glob("*.whl")
    monkeypatch.setattr(pypi, "download", lambda _, folder: Path(shutil.copy(found, folder)))
    return found


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_entry_is_rebuilt(damage, warm, wheel):
    expected = _blobs(warm, source="pypi")
    damage(entry_path(PIN, "pypi", warm))
    with pristine(PIN, "pypi", warm) as found:
        assert found.blobs == expected
        assert found.repository.run("fsck", "--full", "--strict") == ""
    assert _notes(warm, "pypi") == "", "and then it is sound"
    assert [path.name for path in (warm / "pins").iterdir()] == ["ultralytics-8.3.0-pypi.git"]


def test_a_damaged_entry_is_spoken_of(warm, wheel):
    DAMAGES["flipped bit"](entry_path(PIN, "pypi", warm))
    assert "ultralytics-8.3.0-pypi.git is damaged" in _notes(warm, "pypi")


def test_an_entry_that_may_not_be_read_is_not_called_damaged(warm, wheel, monkeypatch):
    def refuse(repository: Repository) -> bool:
        raise PermissionError(errno.EACCES, "Permission denied", str(repository.path))

    monkeypatch.setattr(snapshot, "is_intact", refuse)
    monkeypatch.setattr(store, "_remove", lambda path: None)  # nor may it be removed
    with pytest.raises(SourceError) as caught:
        _notes(warm, "pypi")
    told = "; ".join(caught.value.details)
    assert "the cached ultralytics-8.3.0-pypi.git cannot be read (Permission denied) and was not used" in told
    assert f"{entry_path(PIN, 'pypi', warm)} is of no use and cannot be removed" in told


def test_a_damaged_entry_and_no_network(warm, offline):
    DAMAGES["flipped bit"](entry_path(PIN, "pypi", warm))
    with pytest.raises(SourceError, match="no source has") as caught:
        _blobs(warm, source="pypi")
    assert any("is damaged" in line for line in caught.value.details)


def test_a_broken_entry_inside_another_repository_does_not_reach_that(tmp_path, warm, wheel, git_in, fingerprint):
    outer = tmp_path / "outer"
    outer.mkdir()
    git_in(outer, "init", "-q")
    git_in(outer, "commit", "-q", "--allow-empty", "-m", "theirs")
    before = fingerprint(outer / ".git")
    inside = outer / "cache"
    _empty_folder(shutil.copytree(entry_path(PIN, "pypi", warm), entry_path(PIN, "pypi", inside)))
    assert PIN.layout.parser in _blobs(inside, source="pypi")
    assert fingerprint(outer / ".git") == before


def test_half_built_entries_of_killed_runs_are_swept(warm, wheel):
    entry = entry_path(PIN, "pypi", warm)
    shutil.rmtree(entry)
    left = new_part(entry.parent, "")
    (left / "x" / entry.name / "objects").mkdir(parents=True)
    (left / HELD).touch()
    _blobs(warm, source="pypi")
    assert [path.name for path in entry.parent.iterdir()] == [entry.name]


def test_a_wheel_with_another_sum_is_refused_and_leaves_nothing(tmp_path, wheel, monkeypatch):
    wrong = tmp_path / wheel.name
    wrong.write_bytes(wheel.read_bytes() + b"\0")
    monkeypatch.setattr(pypi, "download", lambda _, folder: Path(shutil.copy(wrong, folder)))
    own = tmp_path / "other-cache"
    with pytest.raises(SourceError) as caught:
        _blobs(own, source="pypi")
    told = "; ".join(caught.value.details)
    assert "what the index sends is not the pin's wheel ultralytics 8.3.0" in told
    assert f"expected: sha256 {PIN.wheel.sha256}" in told
    assert "found:    sha256 " in told
    assert list((own / "pins").iterdir()) == []


def _fill(cache: str, gate, results) -> None:
    gate.wait()
    results.put(sorted(_blobs(Path(cache), source="pypi").items())[:3])


def test_two_processes_fill_at_the_same_time(tmp_path, wheel):
    # forked, so that both have the wheel that the fixture put in pip's place
    context = multiprocessing.get_context("fork")
    gate, results = context.Barrier(2), context.Queue()
    own = tmp_path / "both"
    workers = [context.Process(target=_fill, args=(str(own), gate, results)) for _ in range(2)]
    for worker in workers:
        worker.start()
    told = [results.get(timeout=60) for _ in workers]
    for worker in workers:
        worker.join()
    assert told[0] == told[1]
    assert [path.name for path in (own / "pins").iterdir()] == ["ultralytics-8.3.0-pypi.git"]


def test_a_cache_that_is_a_file(tmp_path):
    (tmp_path / "cache").write_text("")
    with pytest.raises(YolopatchError, match="cannot write in") as caught:
        _blobs(tmp_path / "cache")
    assert "YOLOPATCH_CACHE" in caught.value.hint


def test_the_variable_moves_the_cache(monkeypatch, tmp_path):
    monkeypatch.setenv("YOLOPATCH_CACHE", str(tmp_path / "här drüben"))
    assert cache_dir() == tmp_path / "här drüben"
    monkeypatch.setenv("YOLOPATCH_CACHE", "~nobody-of-that-name/x")
    assert cache_dir().is_absolute()
    monkeypatch.delenv("YOLOPATCH_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_dir() == tmp_path / "yolopatch"


def test_settings_of_the_users_git_change_no_id(wheel, tmp_path, monkeypatch, warm):
    with pristine(PIN, "pypi", warm) as found:
        expected = found.repository.resolve(snapshot.PRISTINE)
    template = tmp_path / "template"
    (template / "hooks").mkdir(parents=True)
    config = tmp_path / "odd"
    config.write_text(
        "[core]\n\tautocrlf = true\n\tattributesFile = /tmp/none\n[commit]\n\tgpgsign = true\n"
        f"[init]\n\ttemplateDir = {template}\n\tdefaultBranch = trunk\n[safe]\n\tbareRepository = explicit\n"
        "[i18n]\n\tcommitEncoding = ISO-8859-1\n\tlogOutputEncoding = UTF-16\n[user]\n\tuseConfigOnly = true\n"
        "[fetch]\n\twriteCommitGraph = true\n[transfer]\n\tfsckObjects = true\n"
    )
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(config))
    with pristine(PIN, "pypi", tmp_path / "new-cache") as found:
        assert found.repository.resolve(snapshot.PRISTINE) == expected
        assert not (found.repository.path / "hooks").exists()


def test_the_git_pin_comes_by_its_tag_alone(need_pin, cache):
    need_pin("yolov5-6.1")
    with pristine(PINS["yolov5-6.1"], "git", cache) as found:
        message = found.repository.run("log", "--format=%B", snapshot.PRISTINE)
        commits = found.repository.run("rev-list", "--all", "--count").strip()
        assert commits == "1", "nothing of upstream's history is kept"
        assert found.repository.run("fsck", "--full") == ""
        assert found.notes == ()
    tag = "git https://github.com/ultralytics/yolov5 v6.1 3752807c0b8af03d42de478fbcbf338ec4546a6c"
    assert read_trailers(message)["Source"] == tag


def test_a_moved_tag_is_refused(tmp_path, git_in, monkeypatch):
    fake = tmp_path / "mirror" / "ultralytics" / "yolov5"
    fake.mkdir(parents=True)
    git_in(fake, "init", "-q")
    git_in(fake, "commit", "-q", "--allow-empty", "-m", "moved")
    git_in(fake, "tag", "v6.1")
    config = tmp_path / "gitconfig"
    config.write_text(f'[url "file://{tmp_path}/mirror/"]\n\tinsteadOf = https://github.com/\n')
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(config))
    with pytest.raises(SourceError) as caught:
        _blobs(tmp_path / "cache", PINS["yolov5-6.1"])
    told = "; ".join(caught.value.details)
    assert "is not the pin's commit" in told
    assert "expected: 3752807c0b8af03d42de478fbcbf338ec4546a6c" in told


def test_a_link_that_leads_out_of_the_tree(tmp_path, git_in, monkeypatch):
    fake = tmp_path / "mirror" / "ultralytics" / "ultralytics"
    fake.mkdir(parents=True)
    git_in(fake, "init", "-q")
    (fake / "innocent").symlink_to("../../../../etc/passwd")
    git_in(fake, "add", ".")
    git_in(fake, "commit", "-q", "-m", "link")
    git_in(fake, "tag", "v8.3.0")
    config = tmp_path / "gitconfig"
    config.write_text(f'[url "file://{tmp_path}/mirror/"]\n\tinsteadOf = https://github.com/\n')
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(config))
    with pytest.raises(SourceError) as caught:
        _blobs(tmp_path / "cache", source="git")
    assert "the link innocent leads out of the tree: ../../../../etc/passwd" in "; ".join(caught.value.details)


def test_pip_imports_nothing_from_the_users_folder(tmp_path, monkeypatch):
    trap = tmp_path / "pip"
    trap.mkdir()
    (trap / "__init__.py").write_text("")
    (trap / "__main__.py").write_text(f"open({str(tmp_path / 'sprung')!r}, 'w')\n")
    monkeypatch.chdir(tmp_path)
    into = tmp_path / "into"
    into.mkdir()
    commands: list = []

    def start(command, **options):
        commands.append((command, options))
        return start_group([sys.executable, "-c", "exit('ERROR: no network in this test')"], **options)

    monkeypatch.setattr(pypi, "start_group", start)
    with pytest.raises(SourceError) as caught:
        pypi.download(PIN.wheel, into)
    assert caught.value.details == ("ERROR: no network in this test",)
    ((command, options),) = commands
    assert options["folder"].parent == into
    assert {"--no-deps", "--only-binary", ":all:", "--no-input"} <= set(command)


def test_git_that_is_not_installed(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(YolopatchError, match="git is not installed or not on PATH"):
        Repository(tmp_path).run("version")
