"""Landing a source file again in place of what was landed of it: it changed, or its contract did.

Files that hold rows of it are written anew without them, under the names of the new load; the old ones go once that
load is committed. So the lake holds the rows of before or those of now, and whatever else a file held all the time.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path, PurePosixPath

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from loaders import duplicates, exports, loads
from loaders.chains import Dump
from loaders.commits import TakenAway
from loaders.errors import EarshotError
from loaders.inbox import Contents
from loaders.jobs import Job, Run
from loaders.lake import CHANGES, FILE_BYTES, RAW, FileWriter, Part
from loaders.loads import Landed
from loaders.store import Store
from loaders.tables import TIMESTAMP


def choose(path: str, contents: Contents, landed: Landed) -> Job:
    """The job that lands a path again: a file, or a whole dump when the path is its folder or a file in it.

    Raises EarshotError when there is nothing of it in the inbox or in the lake.
    """
    job = _find(path.rstrip("/"), contents)
    if job is None:
        raise EarshotError(f"{path} is no file of the inbox that can be landed; give its path below the inbox.")
    if not landed_before(job, landed) and not (job.export and job.export.folder in landed.dumps):
        raise EarshotError(f"{path} was not landed yet, so there is nothing to replace; run `earshot land`.")
    return job


def landed_before(job: Job, landed: Landed) -> dict[str, str]:
    """The source files whose rows a job replaces, with the load that has them; of a dump, all that was landed of it."""
    if job.export is not None:
        return sources_of(job.export.folder, landed)
    paths = [file.path for file in job.files if file.path in landed.sources]
    return {path: landed.sources[path].load_id for path in paths}


def sources_of(folder: str, landed: Landed) -> dict[str, str]:
    """The source files that were landed of a dump, with the load that has them."""
    return {
        path: source.load_id
        for path, source in landed.sources.items()
        if source.snapshot_id and exports.folder_of(path, source.snapshot_id) == folder
    }


def _find(path: str, contents: Contents) -> Job | None:
    for name, files in contents.files.items():
        for file in files:
            if file.path == path:
                return Job(0, name, (file,))
    for name, files in contents.dumps.items():
        dumps = exports.find(files)
        for folder, why in (*dumps.waiting, *dumps.refused):
            if f"{path}/".startswith(f"{folder}/"):
                raise EarshotError(f"{folder} can't be landed again: {why}; mend it and run this again.")
        for export in dumps.whole:
            inside = f"{path}/".startswith(f"{export.folder}/")
            if inside or any(file.path == path for file in export.files):
                return Job(0, name, export.files, export)
    return None


def take_away(
    lake: Store, run: Run, name: str, replaced: Mapping[str, str], states: Sequence[Dump], away: TakenAway
) -> None:
    """Add to `away` what a load of dataset `name` takes out of the lake.

    That is what is there of the source files `replaced` (path to the load that has it), and the rows of `states`.
    """
    dataset = run.datasets[name]
    oldest = min(replaced.values(), default="")
    away.replaced.extend(sorted(replaced))
    temporary = run.temporary / "kept" / name
    temporary.mkdir(parents=True)
    back = duplicates.take_away(lake, name, replaced, away, temporary) if replaced else {}
    gone = pa.array(sorted(replaced), pa.string())
    below = f"{dataset.source}/{name}"
    folders = {f"{RAW}/{below}/{dataset.partition}={state.at.date()}" for state in states}

    def without(below: str, column: str) -> Iterator[tuple[PurePosixPath, list[tuple[Path, int]]]]:
        """Each file with rows that go, and the files, with their rows, that hold the rows to keep."""
        for path in (PurePosixPath(entry.path) for entry in loads.data_files(lake, below)):
            has_states = str(path.parent) in folders
            # A load writes only into its own files, or into those of a later load that replaced something.
            if path.name < oldest and not has_states:
                continue

            def goes(rows: pa.Table, states: Sequence[Dump] = states if has_states else ()) -> pa.ChunkedArray:
                found = pc.is_in(rows.column(column), gone)
                for state in states:
                    found = pc.or_(found, is_of(rows, state))
                return found

            with lake.open(str(path)) as opened:
                file = pq.ParquetFile(opened)
                columns = [column, "_snapshot_id", "_snapshot_at"] if has_states else [column]
                if not any(pc.any(goes(rows)).as_py() for rows in tables(file, columns)):
                    continue
                away.removed.append(str(path))
                writer = FileWriter(temporary, str(len(away.removed)), file.schema_arrow, FILE_BYTES)
                for rows in tables(file):  # a compacted file is too large to be read at once
                    leaving = goes(rows)
                    writer.write(rows.filter(pc.invert(leaving)))
                    # A copy that was dropped for a record that goes now stands for itself again.
                    if path.parts[0] == RAW and path.parent.name in back:
                        writer.write(duplicates.copies(rows.filter(leaving), back[path.parent.name]))
            yield path, writer.close()

    def put_back(path: PurePosixPath, kept: list[tuple[Path, int]]) -> date:
        day = date.fromisoformat(path.parent.name.split("=", 1)[1])
        for place, rows in kept:
            away.parts.append(Part(str(place), str(path.parent), name, day, rows, place.stat().st_size))
        return day

    for searched in [f"{RAW}/{below}"] if replaced else sorted(folders):
        for path, kept in without(searched, "_source_file"):
            away.days.add((name, put_back(path, kept)))
    if not replaced:
        return
    for path, kept in without(f"{CHANGES}/{below}", "_source_file"):
        put_back(path, kept)
    for _, kept in without(f"quarantine/{name}", "source_file"):
        away.quarantined.setdefault(name, []).extend(place for place, _ in kept)
    for path, kept in without("raw/lake/loads", "source_path"):
        away.others.extend((place, str(path.parent), rows) for place, rows in kept)


def tables(file: pq.ParquetFile, columns: Sequence[str] | None = None) -> Iterator[pa.Table]:
    """The rows of a Parquet file, some at a time."""
    for batch in file.iter_batches(columns=columns):
        yield pa.Table.from_batches([batch])


def is_of(rows: pa.Table, dump: Dump) -> pa.ChunkedArray:
    """Which rows are those of a dump."""
    moment = pa.scalar(dump.at.replace(tzinfo=None), TIMESTAMP)
    its = pc.equal(rows.column("_snapshot_id"), dump.snapshot_id)
    return pc.and_(its, pc.equal(rows.column("_snapshot_at"), moment))
