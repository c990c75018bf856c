"""A record that was dropped as a copy is not lost: it comes back when the file of the one that was kept is replaced."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from loaders import loads
from loaders.compact import compact
from tests.loaders.support import Place
from tests.loaders.test_compact import deliver, event, notes, places


def test_a_copy_stands_for_itself_when_the_kept_one_goes(tmp_path: Path) -> None:
    place = Place(tmp_path)
    for name in "abc":
        deliver(place, name, event("e1"), event(f"only in {name}"[:9]))
        place.land()
    before = {row[-3:]: row for row in place.rows("play")}
    compact(str(place.lake))
    assert [file[-1] for file, line in places(place) if line == 1] == ["a"]
    path = deliver(place, "a", event("other"))
    place.land(again=path)
    assert [file[-1] for file, line in places(place) if line == 1] == ["a", "b", "c"]
    assert notes(place) == []
    # They are the rows that were landed, each with its own lineage.
    assert [row for row in place.rows("play") if row[-3:-1] != (path, 1)] == [
        row for row in before.values() if row[-3] != path
    ]
    compact(str(place.lake))
    assert [file[-1] for file, line in places(place) if line == 1] == ["a", "b"]


def test_notes_of_a_file_go_with_it_and_those_of_others_stay(tmp_path: Path) -> None:
    place = Place(tmp_path)
    for name in "abc":
        deliver(place, name, event("e1"), event("e2"))
        place.land()
    compact(str(place.lake))
    path = deliver(place, "b", event("e1"))
    place.land(again=path)
    assert [(file[-1], line, kept[-1]) for file, line, kept in notes(place)] == [("c", 1, "a"), ("c", 2, "a")]
    assert [file[-1] for file, _ in places(place)] == ["a", "a", "b"]


@pytest.mark.parametrize("seed", range(3))
def test_whatever_is_landed_relanded_and_compacted_in_any_order(tmp_path: Path, seed: int) -> None:
    """Against a plain account of what each file holds: every record is live or a copy of a live one."""
    chance = random.Random(seed)
    place = Place(tmp_path)
    held: dict[str, list[str]] = {}  # the records of each file
    for _ in range(12):
        act = chance.choice(["new", "new", "again", "again", "compact", "compact"])
        if act == "compact":
            compact(str(place.lake))
        else:
            known = sorted(held)
            name = chance.choice(known) if act == "again" and known else f"f{chance.randrange(100):02}"
            again = f"events/eu/play/2026/03/01/00/{name}"
            records = [f"e{chance.randrange(5)}" for _ in range(chance.randrange(1, 6))]
            deliver(place, name, *(event(record, day=1 + int(record[1]) % 2) for record in records))
            place.land(again=again if name in held else None)
            held[name] = records
        live = [(file[-3:], line) for file, line in places(place)]
        dropped = {(file[-3:], line): kept[-3:] for file, line, kept in notes(place)}
        assert len(live) + len(dropped) == sum(map(len, held.values()))
        assert {*live, *dropped} == {(name, at + 1) for name, records in held.items() for at in range(len(records))}
        for (name, line), kept in dropped.items():
            record = held[name][line - 1]
            assert (kept in held) and record in held[kept]
            # The first of all copies in the order of staging is never dropped.
            first = min((other, at) for other in held for at, what in enumerate(held[other]) if what == record)
            assert (first[0], first[1] + 1) in live
        if act == "compact":
            assert len(live) == len({record for records in held.values() for record in records})
        found = place.rows("play", "eventid, _source_file, _source_line")
        assert all(held[file[-3:]][line - 1] == record for record, file, line in found)
    landed = {path[-3:]: source.records_landed for path, source in loads.landed(place.store).sources.items()}
    assert landed == {name: len(records) for name, records in held.items()}
