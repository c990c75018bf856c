"""The recomputation of a dataset's health against what is counted by hand from the definition."""

from tests.warehouse.builders import Files, changes, deliver, event, native_export, show, user
from tests.warehouse.helpers import SEEDS, at, day, pick, together
from tests.warehouse.oracle import recompute
from tests.warehouse.oracle.inbox import read_inbox
from tests.warehouse.oracle.platform import make_platform

COLUMNS = ("dataset", "rows_last_day", "rows_expected", "late_share_7d", "reject_share_7d", "status")


def daily(stream: str, on: str, count: int, received: str | None = None) -> Files:
    """Some events of a day."""
    events = [event(stream, f"{on}T10:{n:02}", received=received, id=f"{stream}-{on}-{n}") for n in range(count)]
    return deliver(on, *events, name=f"{stream}-{on}.json")


def test_each_dataset_by_what_arrived_of_it() -> None:
    broken = {"events/eu/promotion/2024/02/05/broken.json": b"{}\n"}
    inbox = read_inbox(
        together(
            daily("play", "2024-01-08", 10),
            daily("play", "2024-01-22", 6),
            daily("play", "2024-01-30", 1, received="2024-01-31T10:00"),
            daily("play", "2024-02-05", 3),
            daily("navigation", "2024-01-29", 4),
            daily("navigation", "2024-02-05", 1),
            daily("voicefeedback", "2024-02-03", 1),
            daily("notification", "2024-02-04", 1),
            daily("promotion", "2024-02-05", 9),
            broken,
            native_export("users", "2024-02-05T03:00", user("u1", "2024-01-01T00:00"), user("u2", "2024-01-01T00:00")),
            # the newest day of all, and partial
            changes("shows", "2024-02-06", show("2024-02-06T01:00", "s1")),
        )
    )
    rows = recompute(inbox, make_platform(inbox, SEEDS))["rpt_dataset_health"]
    assert {row["last_day"] for row in rows} == {day("2024-02-05")}
    assert [row for row in pick(rows, *COLUMNS) if row[-1] != "stale"] == [
        ("navigation", 1, 4.0, 0.0, 0.0, "low_volume"),
        ("notification", 0, None, 0.0, 0.0, "ok"),
        ("play", 3, 4.0, 0.25, 0.0, "ok"),
        ("promotion", 9, None, 0.0, 0.1, "high_rejects"),
        ("shows", 0, None, None, 0.0, "ok"),
        ("users", 2, None, None, 0.0, "ok"),
    ]
    stale = ["creators", "devices", "firmware", "musicserviceauth", "showinteraction", "tokenrequest", "voicefeedback"]
    assert [row[0] for row in pick(rows, "dataset", status="stale")] == stale
    assert pick(rows, "newest_event_at", dataset="users") == [(at("2024-02-05T03:00"),)]
