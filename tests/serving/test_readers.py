"""Processes read the published marts while they are built and published again and again.

Nobody may get an error, and no reader may ever see marts of two builds at once.
"""

import json
import subprocess
import sys
from pathlib import Path

from serving.publish import publish
from tests.serving import warehouses

GENERATIONS = 4  # a reader is done when it has seen so many

# Opens the file over and over, asks each mart in a query of its own, and keeps the connection over several rounds.
READER = """
import duckdb, json, sys
file, wanted = sys.argv[1], int(sys.argv[2])
seen, torn, errors, opened = set(), [], [], 0
while len(seen) < wanted and not errors:
    try:
        with duckdb.connect(file, read_only=True) as connection:
            opened += 1
            for _ in range(3):
                got = {connection.execute(sql).fetchall()[0] for sql in (
                    "select min(dau), max(dau) from marts.fct_active_users_daily",
                    "select min(seconds_listened)::int, max(seconds_listened)::int from marts.fct_plays",
                    "select min(records_read), max(records_read) from marts.fct_landing_loads",
                    "select newest_load_id[14:15]::int, newest_load_id[14:15]::int from main._publish",
                )}
                numbers = {number for row in got for number in row}
                if len(numbers) != 1:
                    torn.append(sorted(numbers))
                seen |= numbers
    except Exception as error:
        errors.append(str(error))
print(json.dumps({"opened": opened, "seen": sorted(seen), "torn": torn, "errors": errors}))
"""

# A dashboard that stays open: it opens the file once and never lets go until it is told to.
HOLDER = """
import duckdb, sys
with duckdb.connect(sys.argv[1], read_only=True) as connection:
    print("open", flush=True)
    sys.stdin.read()
    print(connection.execute("select min(seconds_listened)::int, max(dau) from marts.fct_plays, "
        "marts.fct_active_users_daily").fetchall(), flush=True)
"""

# Reads Parquet: each file on its own is whole.
PARQUET = """
import json, pyarrow.parquet as parquet, sys
file, wanted = sys.argv[1], int(sys.argv[2])
seen, torn, errors, opened = set(), [], [], 0
while len(seen) < wanted and not errors:
    try:
        got = set(parquet.read_table(file).column("seconds_listened").to_pylist())
        opened += 1
        if len(got) != 1:
            torn.append(sorted(got))
        seen |= got
    except Exception as error:
        errors.append(str(error))
print(json.dumps({"opened": opened, "seen": sorted(seen), "torn": torn, "errors": errors}))
"""


def start(script: str, *arguments: str | Path | int) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", script, *map(str, arguments)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def test_readers_see_one_build_whole_and_builders_never_wait(tmp_path: Path) -> None:
    warehouse, serving = tmp_path / "earshot.duckdb", tmp_path / "serving"
    file = serving / "earshot.duckdb"
    warehouses.make(warehouse, 1)
    publish(warehouse, serving)
    holder = start(HOLDER, file)
    assert holder.stdout and holder.stdout.readline() == "open\n"
    readers = [start(READER, file, GENERATIONS), start(READER, file, GENERATIONS)]
    readers.append(start(PARQUET, serving / "parquet" / "fct_plays.parquet", GENERATIONS))
    generation = 1
    # Two digits of the load's id hold the generation: far more than readers need to see their four.
    while any(reader.poll() is None for reader in readers) and generation < 99:
        generation += 1
        warehouses.make(warehouse, generation)
        publish(warehouse, serving)
    for reader in readers:
        told = json.loads(reader.communicate(timeout=60)[0])
        assert told["errors"] == []
        assert told["torn"] == []
        assert len(told["seen"]) == GENERATIONS or told["seen"][-1] == generation
        assert told["opened"] > 1
    assert holder.communicate(timeout=60)[0].strip() == "[(1, 1)]"


def test_two_publishes_at_once_both_end_well(tmp_path: Path) -> None:
    warehouse, serving = tmp_path / "earshot.duckdb", tmp_path / "serving"
    warehouses.make(warehouse)
    script = "import sys, pathlib; from serving.publish import publish; publish(*map(pathlib.Path, sys.argv[1:]))"
    both = [start(script, warehouse, serving) for _ in range(2)]
    assert [process.wait(timeout=60) for process in both] == [0, 0]
    assert sorted(path.name for path in serving.iterdir()) == [".publish.lock", "earshot.duckdb", "parquet"]
