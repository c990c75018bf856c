"""Operations: whether what is declared arrives, in time and in full."""

from datetime import date, datetime
from fractions import Fraction
from typing import Any

from tests.warehouse.oracle.contract import read_contracts
from tests.warehouse.oracle.inbox import Inbox
from tests.warehouse.oracle.platform import DAY, Platform

Row = dict[str, Any]
STALE_AFTER_DAYS = {"events": 2, "dynamodb": 2, "catalog": 90}
LOW_VOLUME_SHARE = Fraction(1, 2)
HIGH_REJECT_SHARE = Fraction(5, 100)


def rpt_dataset_health(platform: Platform, inbox: Inbox) -> list[Row]:
    """dataset: what is newest of it, how many rows it had on the last whole day and on that weekday of the four weeks
    before, and what is to be said of it. The share of rejects is that of all files: they were landed just now."""
    arrived = {name: _arrived(platform, name) for name in read_contracts()}
    newest = max((known.date() for records in arrived.values() for _, known in records), default=None)
    last_day = None if newest is None else newest - DAY
    rows = []
    for dataset, contract in sorted(read_contracts().items()):
        records = arrived[dataset]
        days = [happened.date() for happened, _ in records]
        expected = _expected(days, last_day)
        rejects = _reject_share(inbox, dataset)
        rows_last_day = days.count(last_day) if last_day else 0
        row = {
            "dataset": dataset,
            "source": contract.source,
            "last_day": last_day,
            "newest_event_at": max((happened for happened, _ in records), default=None),
            "rows_last_day": rows_last_day,
            "rows_expected": None if expected is None else float(expected),
            "late_share_7d": _late_share(records, last_day) if contract.source == "events" else None,
            "reject_share_7d": None if rejects is None else float(rejects),
            "status": "ok",
        }
        if not records or (newest is not None and (newest - max(days)).days > STALE_AFTER_DAYS[contract.source]):
            row["status"] = "stale"
        elif rejects is not None and rejects > HIGH_REJECT_SHARE:
            row["status"] = "high_rejects"
        elif contract.source != "catalog" and expected is not None and rows_last_day < LOW_VOLUME_SHARE * expected:
            row["status"] = "low_volume"
        rows.append(row)
    return rows


def _arrived(platform: Platform, dataset: str) -> list[tuple[datetime, datetime]]:
    """Of every row, each once: when it happened, and when that was known."""
    if dataset in platform.dumps:
        return [(dump.exported_at,) * 2 for dump in platform.dumps[dataset] for _ in dump.items]
    if dataset in platform.messages:
        return [(moment,) * 2 for _, moment in {(m.key, m.updated_at) for m in platform.messages[dataset]}]
    return [(event.occurred_at, event.received_at) for event in platform.events if event.stream == dataset]


def _expected(days: list[date], last_day: date | None) -> Fraction | None:
    """The mean of the same weekday in the four weeks before, as far as there was anything before."""
    if last_day is None or not days:
        return None
    weekdays = [last_day - 7 * DAY * weeks for weeks in (1, 2, 3, 4)]
    known = [weekday for weekday in weekdays if weekday >= min(days)]
    return Fraction(sum(days.count(weekday) for weekday in known), len(known)) if known else None


def _late_share(records: list[tuple[datetime, datetime]], last_day: date | None) -> float | None:
    """Of what happened in the 7 days, the share that was received when its day was over."""
    window = {last_day - DAY * n for n in range(7)} if last_day else set()
    late = [known.date() > happened.date() for happened, known in records if happened.date() in window]
    return sum(late) / len(late) if late else None


def _reject_share(inbox: Inbox, dataset: str) -> Fraction | None:
    """Of the records that were read, those that were put aside."""
    files = [file for file in inbox.landings if file["dataset"] == dataset]
    read = sum(file["records_read"] for file in files)
    return Fraction(sum(file["records_quarantined"] for file in files), read) if read else None
