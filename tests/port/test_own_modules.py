"""`yolopatch port` with modules that the user added: the same contracts, the same proof."""

from __future__ import annotations

from pathlib import Path

import pytest

PASTED = Path(__file__).parent.parent / "add" / "pasted"
NAME = "ultralytics-8.4.7"
# where a proof puts each
PLACES = {"ODLike": ("layer", "block"), "C2f_Faster": ("block",), "SimpleGate": ("behind",)}


@pytest.fixture
def added(own_catalog, yolopatch):
    """Add pasted files to the catalog of this test."""

    def add(*files: Path | str) -> None:
        for file in files:
            ran = yolopatch("add", PASTED / f"{file}.py" if isinstance(file, str) else file)
            assert ran.code == 0, ran.err

    return add


@pytest.mark.more
def test_own_modules_are_ported_proven_and_applied(added, wheel, own_catalog, yolopatch, tmp_path):
    added(*PLACES)
    named = [word for name in PLACES for word in ("--module", name)]
    ran = yolopatch("port", "--to", wheel(), *named, "--save", "--json")
    assert ran.code == 0, ran.out + ran.err
    assert [(one["module"], one["status"]) for one in ran.json["outcomes"]] == [
        *((name, "ported") for name in PLACES),
        ("stamp", "ported"),
    ]
    proofs = ran.json["proofs"]
    assert [(one["module"], one["place"]) for one in proofs] == [(n, p) for n, places in PLACES.items() for p in places]
    assert all(one["layers"] and not one["failure"] for one in proofs)
    # a gate without a weight, behind each of the three layers that the head reads
    (gate,) = (one for one in proofs if one["module"] == "SimpleGate")
    assert (gate["layers"], gate["parameters"]) == (3, 2_572_280)

    # an own module's patch is made of the pin's text, so none is kept
    assert [file.name for file in (own_catalog / "patches" / NAME).iterdir()] == ["stamp.patch"]
    ran = yolopatch("apply", "--repo", NAME, *named, "--dest", tmp_path / "w")
    assert ran.code == 0, ran.err
    again = yolopatch("port", "--to", tmp_path / "w", "--module", "SimpleGate", "--no-prove", "--json")
    assert [one["status"] for one in again.json["outcomes"]] == ["already there"] * 2


@pytest.mark.slow
def test_without_names_own_modules_are_ported_with_ours(added, wheel, yolopatch):
    added("SimpleGate")
    told = yolopatch("port", "--to", wheel(), "--no-prove", "--json").json["outcomes"]
    assert [one["module"] for one in told][-2:] == ["SimpleGate", "stamp"]
    assert len(told) > 10


def test_what_a_release_lacks_is_a_conflict_of_that_module_alone(added, pristine_tree, yolopatch):
    added("C3k2_Gated", "SimpleGate")
    ran = yolopatch(
        "port", "--to", pristine_tree("ultralytics-8.2.50"), "--no-prove", *_named("C3k2_Gated", "SimpleGate")
    )
    assert ran.code == 4
    assert "C3k2_Gated: what C3k2_Gated needs, C3k2_Gated's file, line " in ran.out
    assert "it needs C3k and C3k2, which ultralytics-8.2.50-" in ran.out
    assert "SimpleGate  yours   ported" in ran.out


def test_a_class_of_the_modules_name_is_a_conflict(added, wheel, yolopatch):
    added("SimpleGate")
    edits = {"ultralytics/nn/modules/conv.py": {"class Conv(": "class SimpleGate: ...\n\n\nclass Conv("}}
    ran = yolopatch("port", "--to", wheel(edits), "--module", "SimpleGate", "--no-prove")
    assert ran.code == 4
    assert f"{NAME} already has a class SimpleGate" in ran.out


def test_another_treatment_of_blocks_stands_against_an_own_block(added, wheel, yolopatch):
    added("C2f_Faster", "SimpleGate")
    edits = {"ultralytics/nn/tasks.py": {"args.insert(2, n)": "args.insert(3, n)"}}
    ran = yolopatch("port", "--to", wheel(edits), "--no-prove", *_named("C2f_Faster", "SimpleGate"), "--json")
    assert ran.code == 4
    status = {one["module"]: one["status"] for one in ran.json["outcomes"]}
    assert status == {"C2f_Faster": "conflict", "SimpleGate": "ported", "stamp": "ported"}


@pytest.mark.slow
def test_a_module_whose_package_is_missing_fails_alone(added, wheel, yolopatch, tmp_path):
    text = (PASTED / "SimpleGate.py").read_text("utf-8").replace("SimpleGate", "Needy")
    text = text.replace("    def forward", "    need = no_such_package.it\n\n    def forward")
    needy = tmp_path / "Needy.py"
    needy.write_text("import no_such_package\n" + text)
    added(needy, "SimpleGate")
    ran = yolopatch("port", "--to", wheel(), *_named("Needy", "SimpleGate"), "--json")
    assert ran.code == 4
    failures = {one["module"]: one["failure"] for one in ran.json["proofs"]}
    why = "Needy needs no_such_package, which this environment cannot import: No module named 'no_such_package'"
    assert failures == {"Needy": f"ImportError: {why}", "SimpleGate": ""}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "the file of SimpleGate is missing from your own catalog"),
        (b"\xff\xfe", "is not UTF-8 text"),
        (b"class SimpleGate(:\n", "SimpleGate's file, line 1"),
        (b"import torch\n", "has no class SimpleGate"),
    ],
    ids=["gone", "no text", "no Python", "another file"],
)
def test_a_module_whose_file_cannot_be_read_fails_alone(content, said, added, wheel, own_catalog, yolopatch):
    added("SimpleGate", "ODLike")
    file = own_catalog / "modules" / "own_simplegate.py"
    file.unlink() if content is None else file.write_bytes(content)
    asked = ("port", "--to", wheel(), "--no-prove", *_named("SimpleGate", "ODLike"))
    ran = yolopatch(*asked)
    assert ran.code == 4, ran.err
    assert f"{NAME}: conflict in 1 of 3: SimpleGate\n" in ran.out
    assert said in ran.out
    assert "yolopatch add FILE.py --name SimpleGate --replace" in ran.out or "SimpleGate's file" in ran.out
    status = {one["module"]: one["status"] for one in yolopatch(*asked, "--json").json["outcomes"]}
    assert status == {"SimpleGate": "conflict", "ODLike": "ported", "stamp": "ported"}


@pytest.mark.more
def test_two_modules_with_one_file_leave_the_others_alone(added, wheel, own_catalog, yolopatch, tmp_path):
    """As catalogs have them that were put together by hand: `add` refuses the second name."""
    added("ODLike", "SimpleGate")
    modules = own_catalog / "modules"
    entry = (modules / "SimpleGate.json").read_text().replace("SimpleGate", "ODLike_layers")
    entry = entry.replace("own_simplegate", "own_odlike_layers").replace(
        '"symbol": "ODLike_layers"', '"symbol": "SimpleGate"'
    )
    (modules / "ODLike_layers.json").write_text(entry)
    (modules / "own_odlike_layers.py").write_bytes((modules / "own_simplegate.py").read_bytes())
    ran = yolopatch("port", "--to", wheel(), "--no-prove", "--json")
    assert ran.code == 4
    wrong = [one["module"] for one in ran.json["outcomes"] if one["status"] == "conflict"]
    assert wrong == ["ODLike_layers"]
    (conflict,) = (c for one in ran.json["outcomes"] for c in one["conflicts"])
    assert "own_odlike_layers.py exists already" in conflict["found"]


def _named(*names: str) -> list[str]:
    return [word for name in names for word in ("--module", name)]
