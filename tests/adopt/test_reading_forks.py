"""A fork is read from whatever it lies in, and nothing of it is trusted, followed or run."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import tarfile
import tracemalloc
import zipfile
from contextlib import suppress
from io import BytesIO

import pytest

from yolopatch.errors import OpenError, SourceError, UsageError, YolopatchError
from yolopatch.outside.fork import listing, read, tar_file
from yolopatch.outside.fork.read import read_fork

from ..zips import with_damaged_stream, with_size, zipped
from .trees import PACKAGE, SMALL, committed, tarred, write_tree


def _in(folder: str) -> dict[str, bytes]:
    return {f"{folder}/{path}": data for path, data in SMALL.items()}


@pytest.fixture
def holders(tmp_path):
    """Give the same fork in everything that can hold one."""
    plain = committed(tmp_path / "My-Fork", SMALL)
    subprocess.run(["git", "clone", "-q", "--no-checkout", plain, tmp_path / "no-files/My-Fork"], check=True)
    subprocess.run(["git", "clone", "-q", "--bare", plain, tmp_path / "bare/My-Fork.git"], check=True)
    files = {"My-Fork-main.zip": zipped(_in("My-Fork-main").items()), "My-Fork.tar": tarred(SMALL, "w")}
    files |= {f"My-Fork-master.tar.{kind}": tarred(_in("My-Fork-master"), f"w:{kind}") for kind in ("gz", "bz2", "xz")}
    files["My-Fork.tgz"] = tarred({f"./{path}": data for path, data in SMALL.items()})
    # as some programs for Windows write it
    files["windows/My-Fork.zip"] = zipped((path.replace("/", "\\"), data) for path, data in SMALL.items())
    write_tree(tmp_path, files)
    return [plain, tmp_path / "no-files/My-Fork", tmp_path / "bare/My-Fork.git", *(tmp_path / name for name in files)]


def test_the_same_fork_in_a_folder_a_repository_and_an_archive(holders):
    for holder in holders:
        found = read_fork(str(holder))
        assert (found.name, found.upstream, found.said) == ("My-Fork", "ultralytics", "8.2.50"), holder
        assert found.files == {path: SMALL[path] for path in PACKAGE}, holder
        beside = {
            path.partition("/")[2] if path.startswith("My-Fork-m") else path: size
            for path, size in found.beside.items()
        }
        assert beside == {path: len(SMALL[path]) for path in SMALL.keys() - PACKAGE}, holder
        assert {path.rpartition("/")[2] for path in found.texts} == {"README.md", "train.py"}, holder
        assert found.notes == (), holder


def test_the_package_in_a_folder_of_the_fork_and_the_package_itself(tmp_path):
    write_tree(tmp_path / "Ours", {f"detection/v8/{path}": data for path, data in SMALL.items()})
    found = read_fork(str(tmp_path / "Ours"))
    assert (found.name, found.place, found.files.keys()) == ("Ours", "detection/v8", PACKAGE)
    inside = read_fork(str(tmp_path / "Ours/detection/v8/ultralytics"))
    assert inside.files == found.files
    assert inside.beside == {}
    assert inside.name == "v8"


def test_a_package_with_another_name_is_read_as_the_release_has_it(tmp_path):
    renamed = {path.replace("ultralytics/", "myyolo/"): data for path, data in SMALL.items()}
    found = read_fork(str(write_tree(tmp_path / "fork-a", renamed)))
    assert (found.place, found.files.keys()) == ("myyolo", PACKAGE)


def test_copies_of_environments_and_builds_are_not_the_package(tmp_path):
    copies = ("build/lib", "venv/lib/python3.11/site-packages", "ultralytics/.ipynb_checkpoints")
    files = {**SMALL, **{f"{place}/{path}": b"" for place in copies for path in SMALL}}
    found = read_fork(str(write_tree(tmp_path / "fork-a", files)))
    assert (found.place, found.elsewhere) == ("", ())


def test_a_virtual_environment_is_not_even_looked_at(tmp_path):
    write_tree(tmp_path / "fork-a", {**SMALL, "my env/pyvenv.cfg": b"", "my env/x.py": b""})
    found = read_fork(str(tmp_path / "fork-a"))
    assert found.notes == ("1 virtual environment: not read",)
    assert not any("my env" in path for path in found.beside)


def test_several_copies_are_asked_for_and_one_that_is_named_is_taken(tmp_path):
    two = {f"{place}/{path}": data for place in ("ours", "baseline") for path, data in SMALL.items()}
    place = write_tree(tmp_path / "fork-a", two)
    with pytest.raises(OpenError, match="several copies of ultralytics") as asked:
        read_fork(str(place))
    assert list(asked.value.choices) == ["baseline", "ours"]
    assert read_fork(str(place), "ours").place == read_fork(str(place), "ours/ultralytics").place == "ours"
    with pytest.raises(UsageError, match="no package in theirs"):
        read_fork(str(place), "theirs")


def test_the_copy_next_to_the_root_is_taken_and_the_others_are_said(tmp_path):
    yolov5 = {f"old/{path}": b"" for path in ("models/yolo.py", "models/common.py", "utils/general.py")}
    deep = {f"compare/{path}": data for path, data in SMALL.items()}
    found = read_fork(str(write_tree(tmp_path / "fork-a", {**SMALL, **yolov5, **deep})))
    assert (found.place, found.upstream, found.elsewhere) == ("", "ultralytics", ("compare", "old"))
    assert read_fork(str(tmp_path / "fork-a"), "old").upstream == "yolov5"


@pytest.mark.parametrize(
    ("named", "said", "next_"),
    [
        (
            "https://github.com/a/b",
            "an address, not a fork on this machine",
            "git clone --depth 1 https://github.com/a/b",
        ),
        ("gone", "there is no .*gone", "name the folder"),
        ("photo.jpg", "no archive that yolopatch reads", "unpack it"),
        ("empty", "no package of an upstream", "name the folder"),
    ],
)
def test_what_is_no_fork(named, said, next_, tmp_path):
    write_tree(tmp_path, {"photo.jpg": b"\xff\xd8\xff", "empty/readme.txt": b""})
    with pytest.raises(UsageError, match=said) as told:
        read_fork(named if "://" in named else str(tmp_path / named))
    assert next_ in told.value.hint


def test_links_are_not_followed_and_counted(tmp_path):
    place = write_tree(tmp_path / "fork-a", SMALL)
    secret = tmp_path / "secret.py"
    secret.write_text("password = 1\n")
    for name in ("ultralytics/nn/leak.py", "ultralytics/nn/all", "loop"):
        (place / name).symlink_to(secret if name.endswith("leak.py") else place)
    os.mkfifo(place / "ultralytics/nn/pipe.py")
    found = read_fork(str(place))
    assert found.files.keys() == PACKAGE
    assert found.notes == ("3 links: not read",)
    (tmp_path / "a-link").symlink_to(place)
    assert read_fork(str(tmp_path / "a-link")).files.keys() == PACKAGE  # the user names it


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFIFO, stat.S_IFCHR])
def test_links_and_devices_of_archives(kind, tmp_path):
    stream = BytesIO(zipped(SMALL.items()))
    with zipfile.ZipFile(stream, "a") as archive:
        info = zipfile.ZipInfo("ultralytics/nn/leak.py")
        info.external_attr = (kind | 0o777) << 16
        archive.writestr(info, "/etc/passwd")
    (tmp_path / "a.zip").write_bytes(stream.getvalue())
    with tarfile.open(tmp_path / "a.tar", "w") as tar:
        for path, data in SMALL.items():
            member = tarfile.TarInfo(path)
            member.size = len(data)
            tar.addfile(member, BytesIO(data))
        link = tarfile.TarInfo("ultralytics/nn/leak.py")
        link.type = {stat.S_IFLNK: tarfile.SYMTYPE, stat.S_IFIFO: tarfile.FIFOTYPE, stat.S_IFCHR: tarfile.CHRTYPE}[kind]
        link.linkname = "/etc/passwd"
        tar.addfile(link)
        hard = tarfile.TarInfo("ultralytics/nn/hard.py")
        hard.type, hard.linkname = tarfile.LNKTYPE, "/etc/passwd"
        tar.addfile(hard)
    for name, count in (("a.zip", 1), ("a.tar", 2)):
        found = read_fork(str(tmp_path / name))
        assert found.files.keys() == PACKAGE
        assert found.notes == listing.not_read({listing.LINKS: count})


@pytest.mark.parametrize(
    "name",
    [
        *("/etc/passwd", "../outside.py", "ultralytics/../../outside.py", "C:/windows.py", "a//b.py", "a/./b.py"),
        *("a\nb.py", 'a"b.py', "a\x1b[31m.py", "ultralytics/nn/tasks.py"),
    ],
)
def test_names_that_no_honest_archive_has(name, tmp_path):
    (tmp_path / "a.zip").write_bytes(zipped([*SMALL.items(), (name, b"x")]))
    stream = BytesIO(tarred(SMALL, "w"))
    with tarfile.open(fileobj=stream, mode="a") as archive:
        archive.addfile(tarfile.TarInfo(name))
    (tmp_path / "a.tar").write_bytes(stream.getvalue())
    for holder in ("a.zip", "a.tar"):
        with pytest.raises(
            SourceError, match=r"contains (an absolute or foreign path|a path that leaves|one path twice)"
        ):
            read_fork(str(tmp_path / holder))


def test_a_tree_of_git_whose_paths_lead_out(tmp_path, git_in):
    place = committed(tmp_path / "fork-a", SMALL)
    blob = git_in(place, "hash-object", "-w", "train.py").strip()
    inner = subprocess.run(
        ["git", "-C", place, "mktree"], input=f"100644 blob {blob}\tx.py\n", text=True, capture_output=True, check=True
    ).stdout.strip()
    whole = git_in(place, "ls-tree", "HEAD") + f"040000 tree {inner}\t..\n"
    tree = subprocess.run(
        ["git", "-C", place, "mktree"], input=whole, text=True, capture_output=True, check=True
    ).stdout.strip()
    commit = git_in(place, "commit-tree", tree, "-m", "out").strip()
    git_in(place, "update-ref", "HEAD", commit)
    subprocess.run(["git", "clone", "-q", "--bare", place, tmp_path / "bare.git"], check=True)
    with pytest.raises(SourceError, match="a path that leaves the folder"):
        read_fork(str(tmp_path / "bare.git"))


def test_a_repository_that_lacks_the_content_of_large_files(tmp_path):
    place = committed(tmp_path / "fork-a", {**SMALL, "weights/big.bin": os.urandom(5000)})
    blobs = subprocess.run(["git", "-C", place, "ls-tree", "-r", "HEAD"], capture_output=True, text=True, check=True)
    blob = next(line.split()[2] for line in blobs.stdout.splitlines() if line.endswith("big.bin"))
    (place / ".git/objects" / blob[:2] / blob[2:]).unlink()
    for name in SMALL:
        (place / name).unlink()
    found = read_fork(str(place))
    assert found.files.keys() == PACKAGE
    assert found.notes == ("the repository lacks the content of 1 file",)
    assert found.beside["weights/big.bin"] == 0


def test_a_repository_without_a_commit(tmp_path):
    subprocess.run(["git", "init", "-q", tmp_path / "new"], check=True)
    with pytest.raises(YolopatchError, match="has no commit that can be read"):
        read_fork(str(tmp_path / "new"))


def test_no_program_of_the_repository_is_run(tmp_path, git_in):
    place = committed(tmp_path / "fork-a", SMALL)
    for key in ("core.fsmonitor", "core.pager", "filter.x.smudge", "diff.external", "alias.ls-tree", "core.sshCommand"):
        git_in(place, "config", key, f"touch {tmp_path}/canary; false")
    (place / ".gitattributes").write_text("* filter=x\n")
    shutil.rmtree(place / "ultralytics")
    assert read_fork(str(place)).files.keys() == PACKAGE
    assert not (tmp_path / "canary").exists()


def test_names_that_differ_in_case_alone_are_said(tmp_path):
    (tmp_path / "a.zip").write_bytes(zipped([*SMALL.items(), ("ultralytics/nn/Tasks.py", b"")]))
    (said,) = read_fork(str(tmp_path / "a.zip")).notes
    assert said.startswith("2 files differ in upper and lower case alone: ultralytics/nn/Tasks.py, ")


def test_a_name_that_is_no_text(tmp_path):
    place = write_tree(tmp_path / "fork-a", SMALL)
    (place / os.fsdecode(b"\xff\xfe.py")).write_text("")
    assert read_fork(str(place)).notes == ("1 file with a name that is no text: not read",)


def test_large_files_count_as_beside_and_are_not_read(tmp_path, monkeypatch):
    monkeypatch.setattr(read, "LARGEST", 1000)
    place = write_tree(tmp_path / "fork-a", {**SMALL, "ultralytics/yolov8n.pt": b"x" * 1001})
    found = read_fork(str(place))
    assert "ultralytics/yolov8n.pt" not in found.files
    assert found.beside["ultralytics/yolov8n.pt"] == 1001


def test_a_data_set_in_the_package_leaves_room_for_the_code(tmp_path, monkeypatch):
    code = dict.fromkeys(("models/yolo.py", "models/common.py", "utils/general.py", "data/my.yaml"), b"#" * 300)
    data = {"runs/a.jpg": b"x" * 600, "data/labels/1.txt": b"x" * 100, "data/labels/2.txt": b"x" * 101}
    place = write_tree(tmp_path / "fork-a", {**code, **data})
    monkeypatch.setattr(read, "MOST_BYTES", 1300)
    found = read_fork(str(place))
    assert found.files.keys() == {*code, "data/labels/1.txt"}
    assert found.beside == {"runs/a.jpg": 600, "data/labels/2.txt": 101}


@pytest.mark.parametrize(
    ("files", "upstream", "place"),
    [
        (("ultralytics/nn/tasks.py", "ultralytics/nn/mine.py"), "ultralytics", ""),
        (("code/nn/tasks.py", "code/nn/modules/mine.py"), "ultralytics", "code"),
        (("models/yolo.py", "models/mine.py", "README.md"), "yolov5", ""),
    ],
)
def test_a_part_of_a_package_is_read_where_there_is_no_whole_one(files, upstream, place, tmp_path):
    part = write_tree(tmp_path / "part", dict.fromkeys(files, b""))
    found = read_fork(str(part))
    assert (found.upstream, found.place) == (upstream, place)
    assert {f"{upstream}/nn/tasks.py" if upstream == "ultralytics" else "models/yolo.py"} < found.files.keys()
    write_tree(part / "all", SMALL)
    whole = read_fork(str(part))
    assert (whole.upstream, whole.place, whole.elsewhere) == ("ultralytics", "all", ())


def test_more_than_a_fork_has(tmp_path, monkeypatch):
    place = write_tree(tmp_path / "fork-a", SMALL)
    (tmp_path / "a.zip").write_bytes(zipped(SMALL.items()))
    monkeypatch.setattr(read, "MOST_BYTES", 50)
    for holder in (place, tmp_path / "a.zip"):
        with pytest.raises(YolopatchError, match=r"the package in .* has 0 MB of code and YAMLs"):
            read_fork(str(holder))
    monkeypatch.setattr(listing, "MOST_FILES", 3)
    for holder in (place, tmp_path / "a.zip"):
        with pytest.raises(YolopatchError, match="has more than 3 files"):
            read_fork(str(holder))


def test_bombs_take_neither_memory_nor_time(tmp_path, monkeypatch):
    bomb = {**SMALL, "data.bin": b"\0" * 40_000_000}
    (tmp_path / "a.tgz").write_bytes(tarred(bomb))
    (tmp_path / "a.zip").write_bytes(zipped(bomb.items()))
    huge = tarfile.TarInfo("x" * 3_000_000 + ".py")  # a name for which a header asks for megabytes
    with tarfile.open(tmp_path / "b.tar", "w", format=tarfile.PAX_FORMAT) as tar:
        tar.addfile(huge)
    monkeypatch.setattr(tar_file, "_MOST_UNPACKED", 30_000_000)
    monkeypatch.setattr(tar_file, "LARGEST", 2_000_000)
    tracemalloc.start()
    assert read_fork(str(tmp_path / "a.zip")).beside["data.bin"] == 40_000_000
    for name in ("a.tgz", "b.tar"):
        with pytest.raises(SourceError, match="unpacks to more than a fork has"):
            read_fork(str(tmp_path / name))
    assert tracemalloc.get_traced_memory()[1] < 20_000_000
    tracemalloc.stop()


@pytest.mark.parametrize("end", [30, 120, 250])
def test_archives_that_were_cut_short(end, tmp_path):
    for name, data in (("a.tgz", tarred(SMALL)), ("a.tar.xz", tarred(SMALL, "w:xz")), ("a.zip", zipped(SMALL.items()))):
        (tmp_path / name).write_bytes(data[:-end])
        with suppress(SourceError, UsageError):
            assert read_fork(str(tmp_path / name)).files.keys() == PACKAGE  # only what says that it ends is gone


def test_sizes_that_lie_and_streams_that_are_damaged(tmp_path):
    path = "ultralytics/nn/tasks.py"
    size = len(SMALL[path])
    (tmp_path / "lies.zip").write_bytes(with_size(zipped(SMALL.items()), size, 20))
    damaged = with_damaged_stream("ultralytics/nn/tasks.py")
    (tmp_path / "damaged.zip").write_bytes(damaged)
    for name in ("lies.zip", "damaged.zip"):
        with pytest.raises((SourceError, UsageError)):
            read_fork(str(tmp_path / name))


def test_an_encrypted_archive(tmp_path):
    data = bytearray(zipped(SMALL.items()))
    at = 0
    while (at := data.find(b"PK\x01\x02", at)) >= 0:
        data[at + 8] |= 1
        at += 4
    (tmp_path / "a.zip").write_bytes(bytes(data))
    with pytest.raises(SourceError, match="is encrypted"):
        read_fork(str(tmp_path / "a.zip"))


def test_the_folder_is_as_it_was(tmp_path, fingerprint):
    place = committed(tmp_path / "fork-a", SMALL)
    before = fingerprint(place)
    read_fork(str(place))
    assert fingerprint(place) == before


def test_the_name_of_a_folder_that_says_nothing(tmp_path):
    found = read_fork(str(write_tree(tmp_path / "Paper-YOLO/ultralytics-main", SMALL)))
    assert found.name == "Paper-YOLO"
