"""Landing a source file again in place of what was landed of it: it changed, or its contract did.

Files that hold rows of it are written anew without them, under the names of the new load; the old ones go once that
load is committed. So the lake holds the rows of before or those of now, and whatever else a file held all the time.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path, PurePosixPath

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from loaders import duplicates, exports, loads
from loaders.commits import TakenAway
from loaders.errors import EarshotError
from loaders.inbox import Contents
from loaders.jobs import Job, Run
from loaders.lake import FILE_BYTES, FileWriter, Part
from loaders.loads import SourceFile
from loaders.store import Store


def choose(path: str, contents: Contents, landed: Mapping[str, SourceFile]) -> Job:
    """The job that lands a path again: a file, or a whole dump when the path is its folder or a file in it.

    Raises EarshotError when there is nothing of it in the inbox or in the lake.
    """
    job = _find(path.rstrip("/"), contents)
    if job is None:
        raise EarshotError(f"{path} is no file of the inbox that can be landed; give its path below the inbox.")
    if not landed_before(job, landed):
        raise EarshotError(f"{path} was not landed yet, so there is nothing to replace; run `earshot land`.")
    return job


def landed_before(job: Job, landed: Mapping[str, SourceFile]) -> dict[str, str]:
    """The source files whose rows a job replaces, with the load that has them; of a dump, all that was landed of it."""
    if job.export is None:
        paths = [file.path for file in job.files if file.path in landed]
    else:
        paths = [path for path in landed if path.startswith(f"{job.export.folder}/")]
    return {path: landed[path].load_id for path in paths}


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
            if f"{path}/".startswith(f"{export.folder}/"):
                return Job(0, name, export.files, export)
    return None


def take_away(lake: Store, run: Run, name: str, replaced: Mapping[str, str]) -> TakenAway:
    """Prepare a load of dataset `name` that replaces source files (path to the load that has it)."""
    dataset = run.datasets[name]
    oldest = min(replaced.values())
    away = TakenAway(replaced=sorted(replaced))
    temporary = run.temporary / "kept"
    temporary.mkdir()

    back = duplicates.take_away(lake, name, replaced, away, temporary)
    gone = pa.array(sorted(replaced), pa.string())

    def without(below: str, column: str) -> Iterator[tuple[PurePosixPath, list[tuple[Path, int]]]]:
        """Each file with rows of the replaced sources, and the files, with their rows, that hold the rows to keep."""
        for path in (PurePosixPath(entry.path) for entry in loads.data_files(lake, below)):
            # A load writes only into its own files, or into those of a later load that replaced something.
            if path.name < oldest:
                continue
            with lake.open(str(path)) as opened:
                file = pq.ParquetFile(opened)
                if not any(
                    pc.any(pc.is_in(some.column(0), gone)).as_py() for some in file.iter_batches(columns=[column])
                ):
                    continue
                away.removed.append(str(path))
                writer = FileWriter(temporary, str(len(away.removed)), file.schema_arrow, FILE_BYTES)
                for batch in file.iter_batches():  # a compacted file is too large to be read at once
                    rows = pa.Table.from_batches([batch])
                    goes = pc.is_in(rows.column(column), gone)
                    writer.write(rows.filter(pc.invert(goes)))
                    # A copy that was dropped for a record that goes now stands for itself again.
                    if path.parts[0] == "raw" and path.parent.name in back:
                        writer.write(duplicates.copies(rows.filter(goes), back[path.parent.name]))
            yield path, writer.close()

    for path, kept in without(f"raw/{dataset.source}/{name}", "_source_file"):
        day = date.fromisoformat(path.parent.name.split("=", 1)[1])
        away.days.add((name, day))
        for place, rows in kept:
            away.parts.append(Part(str(place), str(path.parent), name, day, rows, place.stat().st_size))
    for _, kept in without(f"quarantine/{name}", "source_file"):
        away.quarantined.setdefault(name, []).extend(place for place, _ in kept)
    for path, kept in without("raw/lake/loads", "source_path"):
        away.others.extend((place, str(path.parent), rows) for place, rows in kept)
    return away
