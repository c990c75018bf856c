"""`earshot sql`: answers as tables, CSV and JSON, and the prompt."""

import base64
import csv
import io
import json
import os
import pty
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from commands import prompt
from commands.settings import ROOT
from commands.sql import TABLE_ROWS, Format
from serving import query
from serving.publish import publish
from tests.commands.conftest import Earshot
from tests.serving import warehouses


@pytest.fixture
def published(tmp_path: Path) -> Path:
    warehouses.make(tmp_path / "warehouse.duckdb")
    publish(tmp_path / "warehouse.duckdb", tmp_path / "serving")
    return tmp_path / "serving"


EVERY_KIND = """
    select 1 as n, 1.50::decimal(9, 2) as amount, 0.1::double as rate, true as flag, null as missing,
        date '2026-01-02' as day, timestamp '2026-01-02 03:04:05.000006' as moment, 'a,"b"' as words,
        [1, 2] as list, {'key': 'value'} as record, sum(2) as huge, 'nan'::double as nothing
"""


def test_json_is_one_object_a_row(earshot: Earshot, published: Path) -> None:
    done = earshot("sql", "--json", EVERY_KIND)
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout) == [
        {
            "n": 1,
            "amount": 1.5,
            "rate": 0.1,
            "flag": True,
            "missing": None,
            "day": "2026-01-02",
            "moment": "2026-01-02T03:04:05.000006",
            "words": 'a,"b"',
            "list": [1, 2],
            "record": {"key": "value"},
            "huge": 2,
            "nothing": None,
        }
    ]
    assert json.loads(earshot("sql", "--format", "json", "from fct_plays where false").stdout) == []
    assert len(json.loads(earshot("sql", "--json", "from fct_plays").stdout)) == 200


def test_csv_has_a_head_and_quotes_what_it_must(earshot: Earshot, published: Path) -> None:
    done = earshot("sql", "--format", "csv", EVERY_KIND)
    head, row = csv.reader(io.StringIO(done.stdout))
    assert dict(zip(head, row, strict=True)) == {
        "n": "1",
        "amount": "1.50",
        "rate": "0.1",
        "flag": "true",
        "missing": "",
        "day": "2026-01-02",
        "moment": "2026-01-02 03:04:05.000006",
        "words": 'a,"b"',
        "list": "[1, 2]",
        "record": '{"key": "value"}',
        "huge": "2",
        "nothing": "nan",
    }


def test_a_table_is_whole_when_nobody_looks(earshot: Earshot, published: Path) -> None:
    done = earshot("sql", "select repeat('long ', 100) as words, 7 as n")
    assert done.stdout.splitlines()[-1] == "long " * 100 + "   7"
    assert "\x1b" not in done.stdout


def test_a_table_says_when_it_stops_early(earshot: Earshot, published: Path) -> None:
    done = earshot("sql", f"from range({TABLE_ROWS + 5})")
    assert len(done.stdout.splitlines()) == TABLE_ROWS + 2
    assert done.stderr == f"only the first {TABLE_ROWS} rows; --format csv prints all of them\n"
    assert earshot("sql", f"from range({TABLE_ROWS})").stderr == ""


def test_statements_come_from_stdin_too(earshot: Earshot, published: Path) -> None:
    done = earshot("sql", "--format", "csv", stdin="select 1 as a;\nselect 2 as b\n")
    assert done.stdout == "a\n1\nb\n2\n"
    assert earshot("sql").returncode == 0


def test_an_error_is_one_sentence_and_exit_1(earshot: Earshot, published: Path) -> None:
    done = earshot("sql", "select 1 from nowhere")
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.startswith("earshot: The query failed: Catalog Error: Table with name nowhere does not exist!")
    assert done.stderr.count("\n") == 1
    assert earshot("sql", "drop table fct_plays").returncode == 1


def test_nothing_published_is_said(earshot: Earshot) -> None:
    done = earshot("sql", "select 1")
    assert done.returncode == 1
    assert "Nothing is published at " in done.stderr


def typed(published: Path, *lines: str) -> None:
    """Talk at the prompt as if these lines were typed, then Ctrl-D."""
    given: Iterator[str] = iter(lines)

    def read(_: str) -> str:
        for line in given:
            if line == "^C":
                raise KeyboardInterrupt
            return line
        raise EOFError

    with query.connect(published) as connection:
        prompt.talk(connection, Format.table, read)


@pytest.fixture(autouse=True)
def no_history_of_ours(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))


def test_the_prompt_greets_with_the_marts(published: Path, capsys: pytest.CaptureFixture[str]) -> None:
    typed(published)
    said = capsys.readouterr().out
    assert "as published" in said
    assert "One row per fct_plays." in said
    assert "more than that" not in said


def test_a_statement_ends_with_a_semicolon(published: Path, capsys: pytest.CaptureFixture[str]) -> None:
    typed(published, "select", "", "  40 + 2 as answer", ";", "select 'never sent'")
    said = capsys.readouterr()
    assert "answer" in said.out and "42" in said.out
    assert "never sent" not in said.out


def test_an_error_does_not_end_the_prompt(published: Path, capsys: pytest.CaptureFixture[str]) -> None:
    typed(published, "select * from nowhere;", "select 'still here' as words;")
    said = capsys.readouterr()
    assert said.err.startswith("The query failed: ")
    assert "still here" in said.out


def test_ctrl_c_drops_what_was_typed(published: Path, capsys: pytest.CaptureFixture[str]) -> None:
    typed(published, "select 'half", "^C", "select 'whole' as words;")
    said = capsys.readouterr()
    assert "whole" in said.out and said.err == ""


def test_words_with_a_dot(published: Path, capsys: pytest.CaptureFixture[str]) -> None:
    typed(published, ".describe fct_plays", ".describe nothing", ".nonsense", ".quit", "select 'after' as words;")
    said = capsys.readouterr()
    assert "The play's id." in said.out
    assert "There is no mart 'nothing'" in said.err
    assert prompt.HELP in said.out
    assert "after" not in said.out


def test_a_terminal_gets_the_prompt_and_a_history(published: Path, places: dict[str, str], tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    environment = {**os.environ, **places, "PYTHONPATH": str(ROOT), "TERM": "dumb"}
    command = [sys.executable, "-m", "commands", "sql"]
    with subprocess.Popen(command, env=environment, stdin=theirs, stdout=theirs, stderr=theirs) as process:
        os.close(theirs)
        os.write(ours, b"select 6 * 7 as answer;\n.quit\n")
        said = b""
        while True:
            try:
                part = os.read(ours, 65536)
            except OSError:  # how a pseudo-terminal says that the other end is closed
                break
            if not part:
                break
            said += part
    os.close(ours)
    assert process.returncode == 0
    assert b"earshot> " in said and b"42" in said
    assert "select 6 * 7 as answer;" in (tmp_path / ".earshot_history").read_text()


def test_saved_queries_are_listed_shown_and_run(published: Path, capsys: pytest.CaptureFixture[str]) -> None:
    typed(published, ".saved", ".show power_user_curve", ".run nothing", ".run power_user_curve")
    said = capsys.readouterr()
    assert "power_user_curve" in said.out and "How many people come on how many of 28 days" in said.out
    assert 'marts."fct_plays"' in said.out and "ref(" not in said.out
    # these scratch marts are without that mart: it was asked for by its name
    assert "There is no saved query 'nothing'; .saved lists" in said.err and "fct_user_activity_daily" in said.err


def test_the_last_answer_is_exported(published: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = [
        "from fct_plays; -- all",
        ".export " + str(tmp_path / "a b.parquet"),
        ".export x.xls",
        ".export nowhere/x.csv",
    ]
    typed(
        published,
        ".export early.csv",
        *lines[:1],
        ";",
        *lines[1:],
        "select 1 as a, 'x,y' as b;",
        f".export {tmp_path}/c.csv",
    )
    said = capsys.readouterr()
    assert "200 rows in " in said.out
    assert duckdb.sql(f"from '{tmp_path}/a b.parquet'").count("*").fetchall() == [(200,)]
    assert (tmp_path / "c.csv").read_text() == 'a,b\n1,"x,y"\n'
    assert "There is no answer yet" in said.err and "neither .csv nor .parquet" in said.err
    assert "could not be written to" in said.err
    assert not list(tmp_path.glob(".*unfinished"))


def test_the_clipboard_of_a_desktop_or_of_the_terminal(
    published: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    typed(published, "select 1 as a, null as b;", ".copy", "from range(100000);", ".copy")
    said = capsys.readouterr()
    assert "\x1b]52;c;" + base64.b64encode(b"a\tb\n1\t\n").decode() + "\x07" in said.out
    assert "too many for a clipboard" in said.err
    (tmp_path / "wl-copy").write_text(f"#!/bin/sh\n/bin/cat > {tmp_path}/clip\n")
    (tmp_path / "wl-copy").chmod(0o755)
    typed(published, "select 1 as a;", ".copy")
    assert (tmp_path / "clip").read_text() == "a\n1\n"
    assert "1 rows on the clipboard" in capsys.readouterr().out


def test_completion_knows_marts_columns_and_saved_queries(published: Path) -> None:
    with query.connect(published) as connection:
        complete = prompt.completer(connection)
    assert complete("fct_p", "select * from ") == ["fct_plays"]
    assert complete("hours_", "select ") == ["hours_listened"]
    assert complete("power", ".run ") == ["power_user_curve"]
    assert complete("dim_s", ".describe ") == ["dim_shows"]
    assert complete(".ex", "") == [".export"]
    assert complete("SEL", "") == ["select"]


def test_a_saved_query_runs_by_name(earshot: Earshot, published: Path) -> None:
    assert "There is no saved query 'nope'" in earshot("sql", "--saved", "nope").stderr
    assert earshot("sql", "--saved", "power_user_curve", "select 1").returncode == 2


def test_reading_never_stands_in_the_way(published: Path, tmp_path: Path) -> None:
    with query.connect(published) as connection:
        warehouses.make(tmp_path / "warehouse.duckdb", generation=2)
        publish(tmp_path / "warehouse.duckdb", published)
        assert [
            row
            for r in query.run(connection, "select max(dau) from fct_active_users_daily")
            for b in r.batches
            for row in b
        ] == [(1,)]
