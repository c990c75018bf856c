"""One step of the benchmark, in a process of its own; prints the records it read.

    python -m benchmarks.landing.steps land INBOX LAKE PROCESSES    land the inbox, in so many processes
    python -m benchmarks.landing.steps dlt INBOX OUT                dlt loads it into Parquet (its Python must have dlt)

dlt reads JSON lines from a folder and writes Parquet to another, types found by itself, nothing checked; it ends at a
broken record. Nothing of the project is imported for it.
"""

import os
import sys
from collections.abc import Callable
from pathlib import Path


def land(inbox: str, lake: str, processes: str) -> int:
    """`earshot land` without the command around it, which has no option for the number of processes."""
    from loaders.land import land

    report = land(inbox, lake, workers=int(processes))
    if report.refused or report.unknown:
        raise RuntimeError(f"{report.refused} {report.unknown}")
    return sum(counts.read for counts in report.datasets.values())


def with_dlt(inbox: str, out: str) -> int:
    """What dlt's own tutorial does."""
    os.environ |= {
        "RUNTIME__DLTHUB_TELEMETRY": "false",
        "RUNTIME__LOG_LEVEL": "ERROR",
        "DESTINATION__FILESYSTEM__BUCKET_URL": Path(out, "lake").as_uri(),
    }
    import dlt
    from dlt.sources.filesystem import filesystem, read_jsonl

    pipeline = dlt.pipeline(
        "play", destination="filesystem", dataset_name="events", pipelines_dir=str(Path(out, "pipelines"))
    )
    records = filesystem(bucket_url=inbox, file_glob="events/*/play/**/*.json") | read_jsonl()
    pipeline.run(records.with_name("play"), loader_file_format="parquet")
    return int(pipeline.last_trace.last_normalize_info.row_counts["play"])


STEPS: dict[str, Callable[..., int]] = {"land": land, "dlt": with_dlt}

if __name__ == "__main__":
    step, *arguments = sys.argv[1:]
    print(STEPS[step](*arguments))
