"""Incremental exports become the state of their table at their time, in whatever order things arrive."""

from __future__ import annotations

import random
import tempfile
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from loaders import contracts, loads, quarantine
from loaders.compact import compact
from loaders.errors import EarshotError
from loaders.replay import replay
from tests.loaders.exporting import Change, Export, at, full, incremental, item, require, stamp, states, without
from tests.loaders.support import DATASETS, Died, Place, die_at, mended, visible, with_class

USERS = DATASETS["users"]
BASE = full("f0", 0, a="1", b="1", c="1")
EDIT = incremental("i1", 1, Change("a", "2", 10), Change("b", None, 11), Change("d", "2", 12), since=0)
NEXT = incremental("i2", 2, Change("b", "3", 20), Change("a", None, 21), since=1)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def arrive(place: Place, *exports: Export) -> Any:
    for export in exports:
        export.put(place)
    return place.land()


def lake_rows(place: Place, kind: str, columns: str) -> list[tuple[Any, ...]]:
    files = [str(path) for path in place.lake.rglob(f"raw/lake/{kind}/**/*.parquet")]
    return sorted(place.query(f"select {columns} from lake", files))


@pytest.mark.parametrize("images", ["NEW_IMAGE", "NEW_AND_OLD_IMAGES"])
@pytest.mark.parametrize("shared", [False, True])
@pytest.mark.parametrize("tells", ["exportTime", "exportToTime"])
def test_updates_inserts_and_deletes_make_the_state_of_their_time(
    images: str, shared: bool, tells: str, place: Place
) -> None:
    edit = replace(EDIT, images=images, shared=shared, tells=tells)
    report = arrive(place, BASE, edit)
    assert (report.refused, report.waiting, report.unknown) == ([], [], [])
    assert states([BASE, edit])[0] == {"f0": {"a": "1", "b": "1", "c": "1"}, "i1": {"a": "2", "c": "1", "d": "2"}}
    require(place, [BASE, edit])
    assert place.land().load_id is None
    # What stayed tells where it stood first, what changed where the change stands.
    base, changes = f"{BASE.folder}/data/f0-0.json.gz", next(place.inbox.rglob("i1-0.json.gz"))
    new = changes.relative_to(place.inbox).as_posix()
    places = place.query(
        "select id, _source_file, _source_line from lake where _snapshot_id = 'i1' order by id",
        [str(path) for path in place.lake.rglob("raw/dynamodb/users/**/*.parquet")],
    )
    assert places == [("a", new, 1), ("c", base, 3), ("d", new, 3)]
    days = lake_rows(place, "load_dates", "dataset, date_day, records, lost_rows")
    assert days == [("users", date(2026, 3, 1), 6, False)]


USERS_OF = ["a", "b", "c"]
CHANGES = st.builds(
    Change,
    st.sampled_from(USERS_OF),
    st.sampled_from([None, "1", "2"]),
    st.integers(1, 3),
    st.sampled_from([False, False, False, True]),
)


@st.composite
def platforms(draw: st.DrawFn) -> list[Export]:
    """A few dumps of a few moments, so that moments, keys and write times meet."""
    exports = []
    for number in range(draw(st.integers(1, 6))):
        kind = draw(st.sampled_from(["full", "incremental", "incremental", "pipeline"]))
        hour = draw(st.integers(0, 4)) * 12
        if kind == "incremental":
            changes = draw(st.lists(st.lists(CHANGES, max_size=4).map(tuple), max_size=2).map(tuple))
            since = draw(st.sampled_from([None, *range(0, hour + 1, 12)]))
            images, shared = draw(st.sampled_from(["NEW_IMAGE", "NEW_AND_OLD_IMAGES"])), draw(st.booleans())
            exports.append(Export(f"e{number}", hour, kind, (), changes, since, images, shared))
        elif not any(export.kind == "pipeline" and export.hour == hour for export in exports):
            users = draw(st.sets(st.sampled_from(USERS_OF)))
            exports.append(Export(f"e{number}", hour, kind, tuple((user, f"{number}") for user in sorted(users))))
    return exports


@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
@given(platforms(), st.randoms(use_true_random=False), st.data())
def test_every_order_of_arrival_comes_to_the_same(
    exports: list[Export], chance: random.Random, data: st.DataObject
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        place = Place(Path(folder))
        chance.shuffle(exports)
        arrived: list[Export] = []
        while len(arrived) < len(exports):
            batch = exports[len(arrived) : len(arrived) + chance.randint(1, 3)]
            arrived += batch
            report = arrive(place, *batch)
            assert report.refused == []
            assert {path for path, _ in report.waiting} == states(arrived)[1]
            if chance.random() < 0.3:
                compact(str(place.lake))
            require(place, arrived)
        # One of them is another now.
        chosen = chance.randrange(len(exports))
        old = exports[chosen]
        landed = old.folder not in states(exports)[1] and (old.items or old.changes)
        if not landed:
            return
        new = replace(
            old,
            items=tuple((user, "9") for user, _ in old.items[1:])
            + (() if old.kind == "incremental" else (("z", "9"),)),
            changes=tuple(tuple(replace(change, client="8") for change in file[1:]) for file in old.changes),
        )
        new.put(place)
        place.land(again=new.folder)
        exports[chosen] = new
        require(place, exports)
        assert place.land().load_id is None


def test_of_several_changes_of_an_item_the_one_written_last_counts(place: Place) -> None:
    first = (Change("a", "5", 5), Change("b", None, 9), Change("c", "1st", 7), Change("new", None, 1))
    second = (
        Change("a", "4", 4),
        Change("b", "8", 8),
        Change("c", "2nd", 7),
        Change("e", None, 2),
        Change("e", "3", 3),
    )
    both = Export("i", 1, "incremental", changes=(first, second))
    arrive(place, BASE, both)
    assert states([BASE, both])[0]["i"] == {"a": "5", "c": "2nd", "e": "3"}
    require(place, [BASE, both])
    [(repeated,)] = lake_rows(place, "loads", "sum(records_duplicate_in_file)")
    assert repeated == 0
    again = Export("again", 2, "incremental", changes=((*first, first[0]),))
    arrive(place, again)
    assert lake_rows(place, "loads", "sum(records_duplicate_in_file)") == [(1,)]


def test_a_quarantined_change_leaves_its_item_as_it_was(place: Place) -> None:
    bad = incremental("i1", 1, Change("a", "2", 1, broken=True), Change("b", None, 1, broken=True), Change("c", "2", 1))
    report = arrive(place, BASE, bad)
    assert vars(report.datasets["users"]) == {"files": 2, "read": 6, "landed": 4, "quarantined": 2}
    require(place, [BASE, bad])


def test_an_export_waits_for_what_comes_before_it(place: Place) -> None:
    report = arrive(place, NEXT)
    assert (report.load_id, report.refused) == (None, [])
    assert report.waiting == [(NEXT.folder, "no full export of a time before it is there yet")]
    report = arrive(place, BASE)
    words = f"the changes between {stamp(0)} and {stamp(1)} are not there yet"
    assert report.waiting == [(NEXT.folder, words)]
    require(place, [BASE, NEXT])
    report = arrive(place, EDIT)
    assert report.waiting == []
    require(place, [BASE, EDIT, NEXT])
    assert states([BASE, EDIT, NEXT])[0]["i2"] == {"b": "3", "c": "1", "d": "2"}


def test_an_export_waits_for_one_that_is_refused(place: Place) -> None:
    for export in (BASE, EDIT, NEXT):
        export.put(place)
    data = place.inbox / EDIT.folder / "data" / "i1-0.json.gz"
    good = data.read_bytes()
    data.write_bytes(good[:-1])
    report = place.land()
    assert [path for path, _ in report.refused] == [EDIT.folder]
    assert [path for path, _ in report.waiting] == [NEXT.folder]
    assert vars(report.datasets["users"]) == {"files": 1, "read": 3, "landed": 3, "quarantined": 0}
    require(place, [BASE])
    data.write_bytes(good)
    report = place.land()
    assert (report.refused, report.waiting) == ([], [])
    require(place, [BASE, EDIT, NEXT])


def test_what_waits_after_all_leaves_nothing(place: Place) -> None:
    BASE.put(place)
    EDIT.put(place)
    (place.inbox / BASE.folder / "data" / "f0-0.json.gz").write_bytes(b"")
    report = place.land()
    assert ([path for path, _ in report.refused], [path for path, _ in report.waiting]) == (
        [BASE.folder],
        [EDIT.folder],
    )
    assert report.load_id is None
    assert set(place.tree()) == {"lake.json"}


DAMAGE: dict[str, tuple[dict[str, Any], str]] = {
    "another sum": ({"itemCount": 9}, "itemCount"),
    "no time": ({"exportTime": None}, "exportToTime"),
    "a time that is none": ({"exportTime": "2026-03-01T25:00:00Z"}, "exportTime"),
    "a begin that is none": ({"exportFromTime": 0}, "exportFromTime"),
    "a begin after the end": ({"exportFromTime": stamp(3)}, "exportFromTime"),
    "a view without new images": ({"outputView": "OLD_IMAGE"}, "outputView"),
    "another format": ({"outputFormat": "ION"}, "outputFormat"),
}


@pytest.mark.parametrize("name", DAMAGE)
def test_an_export_that_is_not_what_its_summary_says_is_refused(name: str, place: Place) -> None:
    damage, words = DAMAGE[name]
    BASE.put(place)
    EDIT.put(place, **damage)
    [(path, why)] = place.land().refused
    assert path == EDIT.folder and words in why
    require(place, [BASE])
    EDIT.put(place)
    assert place.land().refused == []
    require(place, [BASE, EDIT])


def test_counts_and_sums_of_data_files_are_checked(place: Place) -> None:
    BASE.put(place)
    EDIT.put(place)
    listing = place.inbox / EDIT.folder / "manifest-files.json"
    good = listing.read_bytes()
    data = place.inbox / EDIT.folder / "data" / "i1-0.json.gz"
    content = data.read_bytes()
    data.write_bytes(content + bytes(8))  # padding: the same records, another MD5
    assert [why for _, why in place.land().refused] == ["data/i1-0.json.gz has another MD5 than the manifest says"]
    data.write_bytes(content)
    listing.write_bytes(good.replace(b'"itemCount": 3', b'"itemCount": 4'))
    summary = place.inbox / EDIT.folder / "manifest-summary.json"
    summary.write_bytes(summary.read_bytes().replace(b'"itemCount": 3', b'"itemCount": 4'))
    assert [why for _, why in place.land().refused] == ["data/i1-0.json.gz has 3 items where the manifest says 4"]
    require(place, [BASE])


def test_no_change_is_the_same_state_again(place: Place) -> None:
    none, empty = Export("none", 1, "incremental"), Export("empty", 2, "incremental", changes=((),))
    last = incremental("last", 3, Change("a", None, 1), since=2)
    arrive(place, BASE)
    report = arrive(place, none)
    assert report.load_id is not None and report.datasets == {}
    require(place, [BASE, none])
    assert place.land().load_id is None
    arrive(place, last)
    require(place, [BASE, none, last])
    arrive(place, empty)
    require(place, [BASE, none, empty, last])
    place.land(again=none.folder)
    require(place, [BASE, none, empty, last])


def test_a_table_that_loses_its_last_item_is_told_of(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    base, last = full("f0", 0, a="1"), incremental("i1", 24, Change("a", None, 10), since=0)
    arrive(place, base)
    arrive(place, last)
    require(place, [base, last])
    told = "snapshot_id, snapshot_at, records, records_before"
    assert lake_rows(place, "states", told) == [("i1", at(24).replace(tzinfo=None), 0, 1)]
    assert lake_rows(place, "load_dates", "date_day, records")[-1] == (date(2026, 3, 2), 0)
    # What it came to changes with the dump before it.
    base = full("f0", 0, a="1", b="1")
    base.put(place)
    place.land(again=base.folder)
    require(place, [base, last])
    more = incremental("i2", 48, Change("b", None, 10), since=24)
    arrive(place, more)
    tomorrow = loads.landed_at("20990101T000000.000000Z")
    monkeypatch.setattr(loads, "newest_landing", lambda lake: tomorrow)
    assert "lake/states" in compact(str(place.lake)).areas
    assert len(list(place.lake.rglob("raw/lake/states/**/*.parquet"))) == 1
    require(place, [base, last, more])


def test_a_table_that_was_empty_is_gone_on_from(place: Place) -> None:
    nobody = Export("nobody", 1, "pipeline")
    arrive(place, BASE)
    place.put(f"{nobody.folder}/_SUCCESS", b"")
    assert place.land().load_id is None
    edit = incremental("i", 2, Change("d", "2", 1))
    arrive(place, edit)
    assert place.rows("users", "_snapshot_id, id")[-1] == ("i", "d")
    assert len(place.rows("users")) == 4
    (place.inbox / nobody.folder / "_SUCCESS").unlink()
    arrive(place, incremental("j", 3, Change("e", "2", 1)))
    assert sorted(place.rows("users", "_snapshot_id, id"))[3:] == [("i", "d"), ("j", "d"), ("j", "e")]


def test_exports_of_one_moment(place: Place) -> None:
    wide = incremental("z", 2, Change("b", None, 20), Change("c", "2", 10), since=0)
    narrow = incremental("a", 2, Change("b", None, 20), since=1)
    arrive(place, BASE, narrow)
    require(place, [BASE, narrow])
    arrive(place, wide)
    require(place, [BASE, narrow, wide])
    same, unbound = full("f2", 2, x="1"), incremental("a2", 2, Change("y", "2", 1))
    arrive(place, same, unbound)
    require(place, [BASE, narrow, wide, same, unbound])


def test_a_landed_export_that_changed_is_refused_until_it_is_landed_again(place: Place) -> None:
    arrive(place, BASE, EDIT, NEXT)
    other = replace(EDIT, changes=((Change("c", None, 5),),))
    [(path, _)] = arrive(place, other).refused
    assert path == f"{EDIT.folder}/data/i1-0.json.gz"
    require(place, [BASE, EDIT, NEXT])
    place.land(again=path)
    require(place, [BASE, other, NEXT])
    changed = without(BASE, "c")
    arrive(place, changed)
    place.land(again=BASE.folder)
    require(place, [changed, other, NEXT])
    lost = lake_rows(place, "load_dates", "load_id, lost_rows, records")[-1]
    assert lost[1:] == (True, 2 + 2 + 2 - 1)
    assert place.land().load_id is None


def test_a_dump_that_moves_in_time_takes_its_states_along(place: Place) -> None:
    early, unbound = full("f", -1, a="0"), incremental("i0", 1.2, Change("b", "5", 1))
    arrive(place, early, unbound, BASE, EDIT, NEXT)
    # The base is of later than was said: what went on from it goes on from what was before it, or waits again.
    late = replace(BASE, hour=1.5)
    late.put(place)
    report = place.land(again=BASE.folder)
    assert {path for path, _ in report.waiting} == {EDIT.folder}
    require(place, [early, unbound, late, EDIT, NEXT])
    assert {path for path, _ in place.land().waiting} == {EDIT.folder}
    BASE.put(place)
    place.land(again=BASE.folder)
    assert place.land().waiting == []
    everything = [early, unbound, BASE, EDIT, NEXT]
    require(place, everything)
    # One that came last is of before all of them.
    arrive(place, full("far", 5, b="7"))
    first = full("far", 0.25, b="7")
    first.put(place)
    place.land(again=first.folder)
    require(place, [*everything, first])
    replace(NEXT, since=1.75).put(place)
    with pytest.raises(EarshotError, match="can't be landed again as it is now"):
        place.land(again=NEXT.folder)
    require(place, [*everything, first])


def test_replayed_records_change_the_states_after_them(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    odd = item("odd", "1", status={"S": "gone"})
    place.put("dynamodb/users/2026-03-01-00-00-00/part", [{n: {"s": v["S"]} for n, v in odd.items()}])
    place.put("dynamodb/users/2026-03-01-00-00-00/_SUCCESS", b"")
    place.land()
    # The first was written when b's other change was, which stands later in the file; the last after a's.
    more = (Change("b", "9", 20), *NEXT.changes[0], Change("a", "9", 30))
    lines = [change.line() for change in more]
    for line in (lines[0], lines[-1]):
        line["NewImage"]["status"] = {"S": "gone"}
    EDIT.put(place)
    replace(NEXT, lines=lines).put(place)
    report = place.land()
    assert (report.refused, report.waiting) == ([], [])
    assert [row["reason"] for row in quarantine.show(place.store)] == ["not_in_enum"] * 3

    def held() -> list[tuple[Any, ...]]:
        return sorted(place.rows("users", "_snapshot_id, id, clientId"))

    before = [("i1", "a", "2"), ("i1", "d", "2"), ("i2", "b", "3"), ("i2", "d", "2")]
    assert held() == before
    monkeypatch.setattr(contracts, "read", lambda: DATASETS | {"users": mended(USERS, "status", "gone")})
    assert vars(replay(str(place.lake))["users"]) == {"landed": 3, "quarantined": 0}
    everywhere = [(name, "odd", "1") for name in ("2026-03-01-00-00-00", "i1", "i2")]
    assert held() == sorted([*before, *everywhere, ("i2", "a", "9")])
    sources = lake_rows(place, "loads", "snapshot_id, records_read, records_landed, records_quarantined")
    assert sources == [("2026-03-01-00-00-00", 1, 1, 0), ("i1", 3, 3, 0), ("i2", 4, 4, 0)]
    # And they stay when the states are made again.
    first = full("f0", 0, c="1")
    arrive(place, first)
    assert ("i2", "a", "9") in held() and ("i1", "c", "1") in held()


def test_a_hashed_key_is_found_again(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EARSHOT_HASH_KEY", "secret")
    monkeypatch.setattr(contracts, "read", lambda: DATASETS | {"users": with_class(USERS, "id", "hash")})
    arrive(place, BASE, EDIT)
    rows = place.rows("users", "_snapshot_id, id, clientId")
    assert all(len(name) == 32 for _, name, _ in rows)
    assert sorted(client for name, _, client in rows if name == "i1") == ["1", "2", "2"]


def test_dying_at_any_step_leaves_the_states_of_before_or_of_now(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = Place(tmp_path / "home")
    arrive(home, BASE, NEXT, EDIT)
    late = full("late", 0.5, q="1")
    late.put(home)
    old = visible(home)
    outcomes = []
    for step in range(100):
        copy = Place(tmp_path / str(step))
        copy.inbox = home.inbox
        for name, content in old.items():
            (copy.lake / name).parent.mkdir(parents=True, exist_ok=True)
            (copy.lake / name).write_bytes(content)
        with monkeypatch.context() as patched:
            die_at(step, patched)
            try:
                copy.land()
                finished = True
            except Died:
                finished = False
        outcomes.append(len(list((copy.lake / "loads").glob("*.json"))) == 2)
        loads.recover(copy.store)
        require(copy, [BASE, EDIT, NEXT, late] if outcomes[-1] else [BASE, EDIT, NEXT])
        assert outcomes[-1] or visible(copy) == old
        copy.land()
        require(copy, [BASE, EDIT, NEXT, late])
        if finished:
            break
    assert outcomes.count(False) >= 5 and outcomes.count(True) >= 3


def test_an_index_of_what_is_landed_knows_the_dumps(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loads, "INDEX_EVERY", 1)
    arrive(place, BASE)
    arrive(place, EDIT)
    place.land()
    assert list((place.lake / "landed").iterdir())
    arrive(place, full("late", 0.5, q="1"))
    arrive(place, NEXT)
    require(place, [BASE, EDIT, NEXT, full("late", 0.5, q="1")])


def test_data_files_that_no_export_names_are_named(place: Place) -> None:
    BASE.put(place)
    place.put(f"{BASE.folder}/data/more.json.gz", b"")
    place.put(f"{BASE.folder}/data/_half", b"")
    assert [path for path, _ in place.land().unknown] == [f"{BASE.folder}/data/more.json.gz"]


def test_a_data_file_belongs_to_one_export(place: Place) -> None:
    arrive(place, BASE, replace(EDIT, shared=True))
    twin = "dynamodb/users/AWSDynamoDB/twin"
    for name in ("manifest-files.json", "manifest-summary.json"):
        place.put(f"{twin}/{name}", (place.inbox / EDIT.folder / name).read_bytes())
    assert [path for path, _ in place.land().refused] == [twin]
    require(place, [BASE, EDIT])
