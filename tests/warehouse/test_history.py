"""History can be rebuilt: applying dumps one by one and making it anew from all give the same rows; and a dump that is
suspiciously small changes nothing before somebody has said that it is right."""

import random
from collections.abc import Callable
from typing import Any

import duckdb
import pytest

from tests.warehouse.builders import (
    Files,
    changed,
    deleted,
    device,
    incremental_export,
    native_export,
    pipeline_dump,
    user,
    write,
)
from tests.warehouse.helpers import together
from tests.warehouse.houses import WITHOUT_TESTS, House, build, deliver_and_land, land, tables

SNAPSHOTS = ("--select", "+users_snapshot", "+devices_snapshot", *WITHOUT_TESTS)
USERS = ("--select", "+dim_users_history", *WITHOUT_TESTS)
ANEW = "history made anew from all dumps"


def versions(house: House) -> dict[str, list[Any]]:
    """Every row of the two snapshots of dumped tables, with every column."""
    return {name: rows for name, rows in tables(house).items() if name.startswith("snapshots.")}


def dumps_by_chance(seed: int) -> list[Files]:
    """Dumps of both tables in order of time: keys come, change, lose values, stay as they are, go and return; some days
    have none, or none of a table, one has two."""
    chance = random.Random(seed)
    moments = [f"2024-02-{day:02}T03:00:00" for day in sorted(chance.sample(range(20, 30), 7))]
    moments.insert(4, moments[3].replace("T03", "T21"))
    users: dict[str, dict[str, Any]] = {}
    devices: dict[str, dict[str, Any]] = {}
    dumps = []
    for number, at in enumerate(moments):
        for n in range(40):
            if chance.random() < 0.3:
                users.pop(f"u{n}", None)
            elif chance.random() < 0.5:
                country = chance.choice([None, "", "DE", "fr"])
                told: dict[str, Any] = {
                    "language": chance.choice([None, "de"]),
                    "marketingConsent": chance.choice([True, False, None]),
                }
                told["musicServices"] = chance.choice([None, {"tidal"}, {"deezer", "tidal"}])
                users[f"u{n}"] = user(f"u{n}", "2024-02-01T10:00", country=country, **told)
            if chance.random() < 0.3:
                devices.pop(f"d{n}", None)
            elif chance.random() < 0.5:
                owner, seen = chance.choice([None, "u1", "u2"]), chance.choice([None, f"{at}Z"])
                version = chance.choice([None, "1.0", "1.1"])
                devices[f"d{n}"] = device(f"d{n}", version, ownerId=owner, lastSeenAt=seen, updatedAt=f"{at}Z")
        write = native_export if number % 2 else pipeline_dump
        some = [write("users", at, *users.values()), write("devices", at, *devices.values())]
        dumps.append(together(*(some if number % 3 else some[: 1 + number % 2])))
    return dumps


def test_one_by_one_and_all_at_once_give_the_same_rows(new_house: Callable[[], House]) -> None:
    dumps = dumps_by_chance(5)
    replayed = new_house()
    for number, dump in enumerate(dumps):
        deliver_and_land(replayed, dump)
        said = [line for line in build(replayed, *SNAPSHOTS) if ANEW in line]
        # only two of one day can't be applied in turn
        assert len(said) == (2 if number in (0, 4) else 0), f"dump {number}: {said}"
    one_by_one = versions(replayed)
    assert len(one_by_one) == 2 and min(map(len, one_by_one.values())) > 100

    said = build(replayed, *SNAPSHOTS, "--vars", "{rebuild_snapshots: true}")
    assert len([line for line in said if ANEW in line]) == 2
    assert versions(replayed) == one_by_one

    at_once = new_house()
    deliver_and_land(at_once, together(*dumps))
    build(at_once, *SNAPSHOTS)
    assert versions(at_once) == one_by_one


def test_out_of_order_gives_the_same_rows(new_house: Callable[[], House]) -> None:
    dumps = dumps_by_chance(6)
    straight, shuffled = new_house(), new_house()
    deliver_and_land(straight, together(*dumps))
    build(straight, *SNAPSHOTS)
    random.Random(6).shuffle(dumps)
    for start in range(3):
        deliver_and_land(shuffled, together(*dumps[start::3]))
        build(shuffled, *SNAPSHOTS)
    assert versions(shuffled) == versions(straight)


ANN, BOB = user("ann", "2024-02-01T10:00"), user("bob", "2024-02-01T10:00")
BOTH = native_export("users", "2024-03-01T03:00", ANN, BOB, export_id="both")
NOBODY = incremental_export(
    "users", None, "2024-03-02T03:00", deleted("2024-03-01T10:00", "ann"), deleted("2024-03-01T11:00", "bob")
)
ANN_AGAIN = incremental_export("users", None, "2024-03-04T03:00", changed("2024-03-03T10:00", ANN))


def people(house: House) -> list[tuple[str, str, str | None]]:
    """Who is there from which day to which, by the history of users."""
    days = "user_id, strftime(valid_from, '%m-%d'), strftime(valid_to, '%m-%d'), deleted_at = valid_to"
    with duckdb.connect(str(house.warehouse), read_only=True) as connection:
        found = connection.execute(f"select {days} from marts.dim_users_history order by all").fetchall()
    assert all(is_deletion is not False for *_, is_deletion in found)
    return [(id, start, end) for id, start, end, _ in found]


def test_a_dump_that_nobody_is_left_in_deletes_the_last(new_house: Callable[[], House]) -> None:
    """It has no rows, and can be the newest, come late and be undone like any other."""
    house = new_house()
    deliver_and_land(house, BOTH)
    build(house, *USERS)
    deliver_and_land(house, NOBODY)
    assert not [line for line in build(house, *USERS) if ANEW in line], "it is applied as the newest dump"
    gone = [("ann", "03-01", "03-02"), ("bob", "03-01", "03-02")]
    assert people(house) == gone
    build(house, *USERS)
    assert people(house) == gone
    deliver_and_land(house, ANN_AGAIN)
    assert not [line for line in build(house, *USERS) if ANEW in line]
    assert people(house) == [gone[0], ("ann", "03-04", None), gone[1]]
    one_by_one = versions(house)
    build(house, *USERS, "--vars", "{rebuild_snapshots: true}")
    assert versions(house) == one_by_one

    # landed again with somebody more, the first dump leaves somebody
    bigger = native_export("users", "2024-03-01T03:00", ANN, BOB, {**BOB, "id": "eve"}, export_id="both")
    write(bigger, house.inbox)
    land(house, (0,), "--reland", "dynamodb/users/AWSDynamoDB/both")
    build(house, *USERS)
    assert people(house) == [gone[0], ("ann", "03-04", None), gone[1], ("eve", "03-01", None)]


def test_a_dump_that_nobody_is_left_in_may_come_late(new_house: Callable[[], House]) -> None:
    house, before = new_house(), new_house()
    later = native_export("users", "2024-03-03T03:00", ANN)
    deliver_and_land(house, together(BOTH, later))
    build(house, *USERS)
    assert people(house) == [("ann", "03-01", None), ("bob", "03-01", "03-03")]
    deliver_and_land(house, NOBODY)
    build(house, *USERS)
    assert people(house) == [("ann", "03-01", "03-02"), ("ann", "03-03", None), ("bob", "03-01", "03-02")]

    deliver_and_land(before, together(BOTH, NOBODY, later))
    build(before, *USERS, "--vars", "{as_of: 2024-03-01}")
    assert people(before) == [("ann", "03-01", None), ("bob", "03-01", None)]
    build(before, *USERS, "--full-refresh", "--vars", "{as_of: 2024-03-02}")
    assert people(before) == [("ann", "03-01", "03-02"), ("bob", "03-01", "03-02")]


def test_a_dump_that_nobody_is_left_in_goes_when_its_export_has_to_wait_again(new_house: Callable[[], House]) -> None:
    house = new_house()
    first = native_export("users", "2024-02-28T03:00", ANN)
    gone = incremental_export(
        "users", "2024-03-01T03:00", "2024-03-02T03:00", *[deleted("2024-03-01T10:00", id) for id in ("ann", "bob")]
    )
    deliver_and_land(house, together(first, BOTH, gone))
    build(house, *USERS)
    assert people(house) == [("ann", "02-28", "03-02"), ("bob", "03-01", "03-02")]
    # the dump that it goes on from is of later than was said
    write(native_export("users", "2024-03-03T03:00", ANN, BOB, export_id="both"), house.inbox)
    land(house, (0,), "--reland", "dynamodb/users/AWSDynamoDB/both")
    build(house, *USERS)
    assert people(house) == [("ann", "02-28", None), ("bob", "03-03", None)]


def test_what_goes_on_from_a_failed_export_deletes_nobody(new_house: Callable[[], House]) -> None:
    """A full export without items, and changes of nothing after it: nobody was deleted."""
    house = new_house()
    failed = native_export("users", "2024-03-02T03:00")
    unchanged = incremental_export("users", None, "2024-03-03T03:00")
    deliver_and_land(house, together(BOTH, failed, unchanged))
    build(house, *USERS)
    assert people(house) == [("ann", "03-01", None), ("bob", "03-01", None)]


def fleet(at: str, count: int) -> Files:
    return native_export("users", f"2024-03-{at}T03:00", *[user(f"u{n}", "2024-01-01T10:00") for n in range(count)])


def state(house: House) -> tuple[Any, ...]:
    """All that a reader can find in a warehouse, and which of it has passed."""
    with duckdb.connect(str(house.warehouse), read_only=True) as connection:
        passed = connection.execute("select * exclude (ran_at) from intermediate._results order by node_id").fetchall()
        seen = connection.execute("select * from intermediate._seen_builds order by all").fetchall()
    return tables(house), passed, seen


def refusal(small: str, rows: int, before: str, rows_before: int) -> str:
    return (
        f"The dump of users of 2024-03-{small} 03:00:00 has {rows} rows, the one before it, of 2024-03-{before} "
        rf"03:00:00, has {rows_before}; land the complete one \(`earshot land --reland PATH`\), or, if so many are "
        r"gone, accept it in one build with --vars '\{smallest_dump_share: 0\}'\."
    )


def require_stopped(house: House, sentence: str, *arguments: str) -> None:
    before = state(house)
    for _ in range(2):  # the next build does not let it pass either
        with pytest.raises(AssertionError, match=sentence):
            build(house, *arguments)
    assert state(house) == before, "something was changed"


ANY_SIZE = ("--vars", "{smallest_dump_share: 0}")


def test_a_suspiciously_small_dump_changes_nothing(new_house: Callable[[], House]) -> None:
    house = new_house()
    deliver_and_land(house, together(fleet("01", 120), fleet("04", 130), fleet("05", 65)))  # half is not suspicious
    build(house, *USERS)

    deliver_and_land(house, fleet("06", 32))
    require_stopped(house, refusal("06", 32, "05", 65), *USERS, "--vars", "{smallest_dump_share_from: 65}")
    build(house, *USERS)  # a table of so few rows may well halve

    deliver_and_land(house, together(fleet("07", 140), fleet("08", 69)))
    sentence = refusal("08", 69, "07", 140)
    require_stopped(house, sentence, *USERS)
    deliver_and_land(house, fleet("09", 139))
    require_stopped(house, sentence, *USERS)
    build(house, "--select", "dim_countries", *WITHOUT_TESTS)  # what applies no dump has nothing to do with it

    build(house, *USERS, *ANY_SIZE)
    accepted = versions(house)
    build(house, *USERS)
    build(house, *USERS, "--vars", "{rebuild_snapshots: true}")
    build(house, *USERS, "--full-refresh")
    assert versions(house) == accepted


def test_a_dump_that_nobody_is_left_in_is_suspicious(new_house: Callable[[], House]) -> None:
    house = new_house()
    deliver_and_land(house, fleet("01", 120))
    build(house, *USERS)
    changes = [deleted("2024-03-01T10:00", f"u{n}") for n in range(120)]
    deliver_and_land(house, incremental_export("users", None, "2024-03-02T03:00", *changes))
    require_stopped(house, refusal("02", 0, "01", 120), *USERS)
    build(house, *USERS, *ANY_SIZE)
    build(house, *USERS)
    assert {(start, end) for _, start, end in people(house)} == {("03-01", "03-02")}


def test_a_small_dump_that_comes_late(new_house: Callable[[], House]) -> None:
    house = new_house()
    deliver_and_land(house, together(fleet("01", 120), fleet("04", 130)))
    build(house, *USERS)
    deliver_and_land(house, together(fleet("02", 40), fleet("03", 125)))
    require_stopped(house, refusal("02", 40, "01", 120), *USERS)
    build(house, *USERS, "--vars", "{smallest_dump_share: 0.3}")
    build(house, *USERS)
    # 80 of them were gone for a day
    again = new_house()
    deliver_and_land(again, together(fleet("01", 120), fleet("02", 40), fleet("03", 125), fleet("04", 130)))
    with pytest.raises(AssertionError, match=refusal("02", 40, "01", 120)):
        build(again, *USERS)
    build(again, *USERS, *ANY_SIZE)
    assert versions(again) == versions(house)
    with duckdb.connect(str(again.warehouse), read_only=True) as connection:
        gone = connection.execute(
            "select count(*) from marts.dim_users_history where deleted_at is not null"
        ).fetchall()
    assert gone == [(80,)]


@pytest.mark.parametrize("value", ["much", "1.5", "-0.5", "50%"])
def test_a_share_that_is_none_is_refused(new_house: Callable[[], House], value: str) -> None:
    with pytest.raises(AssertionError, match=r"smallest_dump_share is .*; set it to a share from 0 to 1"):
        build(new_house(), "--vars", f"{{smallest_dump_share: '{value}'}}")
