"""The dumps of a table in order of time: each full export begins a chain, each incremental one goes on from before.

The order alone decides what a dump holds, never the order of arrival.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

import msgspec

_ALWAYS = datetime.min.replace(tzinfo=UTC)


class Dump(msgspec.Struct, frozen=True, omit_defaults=True):
    """A dump: `folder` is its path below the inbox. An `incremental` one holds the changes from `since` to `at`."""

    dataset: str
    folder: str
    snapshot_id: str
    at: datetime  # UTC
    incremental: bool = False
    since: datetime | None = None  # UTC; None where that is not known

    @property
    def order(self) -> tuple[datetime, bool, datetime, str]:
        """Of one moment a full export comes first, then the incremental one that reaches back farthest."""
        return self.at, self.incremental, self.since or _ALWAYS, self.folder


@dataclass(frozen=True)
class Step:
    """An incremental export, and the dump before it that its changes apply to."""

    dump: Dump
    base: Dump


@dataclass(frozen=True)
class Chains:
    """`steps` in order of time; `waiting` are the incremental exports that have no base yet, and why."""

    steps: list[Step]
    waiting: list[tuple[Dump, str]]

    def stale(self, before: Chains, changed: Collection[str]) -> list[Step]:
        """The steps to take (again) when the chains were others `before` and the dumps of some folders have changed."""
        bases = {step.dump: step.base for step in before.steps}
        stale = set(changed)
        found = []
        for step in self.steps:
            if bases.get(step.dump) != step.base or not stale.isdisjoint((step.dump.folder, step.base.folder)):
                stale.add(step.dump.folder)
                found.append(step)
        return found


def link(dumps: Iterable[Dump]) -> Chains:
    """What each incremental export applies to: the newest dump before it, if nothing between the two is missing."""
    chains = Chains([], [])
    base: Dump | None = None
    for dump in sorted(dumps, key=lambda dump: dump.order):
        if not dump.incremental:
            base = dump
        elif base is None:
            chains.waiting.append((dump, "no full export of a time before it is there yet"))
        elif dump.since is not None and dump.since > base.at:
            chains.waiting.append(
                (dump, f"the changes between {_words(base.at)} and {_words(dump.since)} are not there yet")
            )
        else:
            chains.steps.append(Step(dump, base))
            base = dump
    return chains


def _words(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")
