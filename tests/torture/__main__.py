"""`make torture`: harm every command in every way that we know, and count what survives.

    python tests/torture [--rows kills mirrors] [--seconds 60] [--seed 1] [--kept build/torture] [--sample] [--plants]

With `--plants`, each row runs with the faults of `hook/torture_plants.py` in yolopatch, and has to see each of them: a
row that cannot fail shows nothing.

It prints a table and ends with 1 where something did not survive, or where a row tried nothing. What did not survive is
kept, with its input and the seed, in the folder `--kept`.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
from pathlib import Path

from lab import HERE, PIN, ROOT, Lab
from registry import ROWS, Row
from tally import Budget, Tally

sys.path.insert(0, str(HERE / "hook"))
from torture_plants import faults_of

# hostile paths lead upwards: they end in folders of ours, whatever else this machine has in its temporary folder
_DEPTH = "upwards/is/still/here"


def main(arguments: list[str]) -> int:
    """Run the rows that are asked for; return the exit code."""
    asked = _parser().parse_args(arguments)
    names = asked.rows or list(ROWS)
    unknown = [name for name in names if name not in ROWS]
    if unknown:
        print(f"error: no row {unknown[0]}; the rows: {', '.join(ROWS)}", file=sys.stderr)
        return 2
    shutil.rmtree(asked.kept, ignore_errors=True)
    asked.kept.mkdir(parents=True)
    cache = Path(os.environ.get("YOLOPATCH_CACHE") or ROOT / "build" / "torture-cache").absolute()
    with tempfile.TemporaryDirectory(prefix="torture-", ignore_cleanup_errors=True) as folder:
        place = Path(folder).resolve() / _DEPTH
        place.mkdir(parents=True)
        lab = Lab(place, cache)
        lab.need_pins(PIN)
        if asked.plants:
            return _plant_all(names, lab, asked)
        tallies = [_run(name, ROWS[name], lab, asked) for name in names]
    _print_table(tallies, asked.seed)
    dead = [tally for tally in tallies if tally.died]
    if dead:
        print(f"\nwhat did not survive is kept in {asked.kept}", file=sys.stderr)
    return 1 if dead or not all(tally.tried for tally in tallies) else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="torture", description=__doc__.splitlines()[0])
    parser.add_argument("--rows", nargs="*", default=[], help="which rows; default: all")
    parser.add_argument("--seconds", type=float, help="how long each row may take; default: its own time")
    parser.add_argument("--seed", type=int, default=1, help="which cases come first, and every random choice")
    parser.add_argument("--case", default="", help="only cases with this text in their name")
    parser.add_argument("--kept", type=Path, default=ROOT / "build" / "torture", help="where failures are kept")
    parser.add_argument("--sample", action="store_true", help="only a few cases of each kind, as `make test`")
    parser.add_argument(
        "--plants", action="store_true", help="see that each row sees the faults that are planted for it"
    )
    return parser


def _plant_all(names: list[str], lab: Lab, asked: argparse.Namespace) -> int:
    """Run the rows with the faults that are planted for them; return 1 where one is not seen."""
    rows = []
    for name in names:
        for fault in faults_of(name):
            lab.plant = fault.name
            tally = _run(name, ROWS[name], lab, asked, fault.case)
            rows.append((name, fault.what, bool(tally.died), tally.seconds))
    print("| row | planted | seen | seconds |\n|---|---|---|---|")
    for name, what, seen, seconds in rows:
        print(f"| {name} | {what} | {'yes' if seen else 'NO'} | {seconds:.0f} |")
    return 0 if all(seen for _, _, seen, _ in rows) else 1


def _run(name: str, row: Row, lab: Lab, asked: argparse.Namespace, case: str = "") -> Tally:
    most = row.sample if asked.sample else None
    budget = Budget(asked.seconds or row.seconds, most, asked.seed, asked.case or case, until_died=asked.plants)
    tally = Tally(name, budget, asked.kept / lab.plant)
    print(f"{name}: {row.what}", file=sys.stderr, flush=True)
    row.run(lab, tally)
    tally.close()
    for line in [*tally.notes, *(f"DIED: {died}" for died in tally.died)]:
        print(f"  {line}", file=sys.stderr, flush=True)
    print(f"  {tally.survived} of {tally.tried} survived, {tally.seconds:.0f} s", file=sys.stderr, flush=True)
    return tally


def _print_table(tallies: list[Tally], seed: int) -> None:
    print(f"seed {seed}\n\n| row | tried | survived | seconds |\n|---|---|---|---|")
    for tally in tallies:
        more = f" of {tally.planned}" if tally.planned > tally.tried else ""
        print(f"| {tally.row} | {tally.tried:,}{more} | {tally.survived:,} | {tally.seconds:.0f} |")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
