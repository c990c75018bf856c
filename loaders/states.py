"""Which states of tables a load makes: a state is what an incremental export makes of the dump before it.

What an incremental export said is kept in `changes/`, so that its state can be made again, without the inbox, when a
dump before it comes late, is replaced or gains records from quarantine.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from loaders import exports
from loaders.apply import apply
from loaders.chains import Dump, link
from loaders.commits import TakenAway
from loaders.contracts import TABLE_DUMPS
from loaders.errors import EarshotError
from loaders.jobs import Result, Run, State
from loaders.loads import Landed
from loaders.reland import sources_of, take_away
from loaders.store import Store

Waiting = list[tuple[Dump, str]]


def dumps_of(name: str, landed: Landed) -> dict[str, Dump]:
    """The landed dumps of a table, by folder."""
    found = {dump.folder: dump for dump in landed.dumps.values() if dump.dataset == name}
    for path, source in landed.sources.items():
        if source.dataset == name and source.snapshot_id and source.snapshot_at:
            folder = exports.folder_of(path, source.snapshot_id)
            if folder not in found:
                found[folder] = Dump(name, folder, source.snapshot_id, datetime.fromisoformat(source.snapshot_at))
    return found


def waiting(name: str, new: Sequence[Dump], landed: Landed) -> Waiting:
    """Which of a table's new dumps are incremental exports that can't be applied yet, and why."""
    chains = link([*dumps_of(name, landed).values(), *new])
    return [(dump, why) for dump, why in chains.waiting if dump in new]


def follow(
    lake: Store, run: Run, results: list[Result], landed: Landed, replaced: Mapping[str, str], away: TakenAway
) -> Waiting:
    """Let the states of tables follow what a load brings, which replaces the source files `replaced` (path to load).

    Adds the rows of states to `results`, and what must go from the lake to `away`. Takes out of `results` what has to
    wait after all, because the dump before it was refused, and returns it, with what is landed but has to wait again.
    """
    found: Waiting = []
    for name in sorted({result.dataset for result in results}):
        if run.datasets[name].format == TABLE_DUMPS:
            found.extend(_follow(lake, run, name, results, landed, dict(replaced), away))
        elif replaced:
            take_away(lake, run, name, replaced, [], away)
    return found


def _follow(
    lake: Store, run: Run, name: str, results: list[Result], landed: Landed, replaced: dict[str, str], away: TakenAway
) -> Waiting:
    before = dumps_of(name, landed)
    new = {result.dump.folder: result.dump for result in results if result.dump and result.dataset == name}
    chains = link((before | new).values())
    gone = before.keys() & new.keys()  # what is landed again
    found: Waiting = []
    for dump, why in chains.waiting:
        if dump.folder in gone:
            words = f"{dump.folder} can't be landed again as it is now: {why}; land what is missing before it."
            raise EarshotError(words)
        if dump.folder in new:
            results[:] = [result for result in results if result.dump != dump]
        else:
            gone.add(dump.folder)
            replaced |= sources_of(dump.folder, landed)
        found.append((dump, why))
    changed = {result.dump.folder for result in results if result.dump and result.dataset == name}
    for source in (source for result in results if result.dataset == name for source in result.sources):
        changed.add(exports.folder_of(source.source_path, source.snapshot_id))
    steps = chains.stale(link(before.values()), changed)
    again = gone | {step.dump.folder for step in steps}
    states = [dump for folder, dump in before.items() if folder in again and dump.incremental]
    if replaced or states:
        take_away(lake, run, name, replaced, states, away)
    away.replaced.extend(sorted(gone & landed.dumps.keys()))
    for number, step in enumerate(steps):
        results.append(apply(lake, run, step, number, results, away))
    made = {step.dump for step in steps}
    results.extend(Result(name, state=State(dump)) for dump in states if dump not in made)
    return found
