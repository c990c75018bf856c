"""The pages as files: what they are made of and which day they show. A browser looks at the rest."""

import base64
import gzip
import json
import re
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml

from benchmarks import marts
from loaders.errors import EarshotError
from reports import packing, pages, site
from reports.card import Table
from serving import query

NEWEST = date(2026, 1, 31)
SLUGS = ["index", "audience", "listening", "shows", "devices", "engagement", "right-now", "data-health"]
FILTERS = {"partner_id": {"dim_clients"}, "client_id": {"dim_clients"}, "country_code": {"dim_countries"}}


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> duckdb.DuckDBPyConnection:
    folder = tmp_path_factory.mktemp("published")
    marts.make(folder / "earshot.duckdb", marts.Size(60, 20, NEWEST))
    return query.connect(folder)


def data(page: Path) -> dict[str, Any]:
    found = re.search(r'id="data">([^<]*)<', page.read_text("utf-8"))
    assert found
    unpacked: dict[str, Any] = json.loads(gzip.decompress(base64.b64decode(found.group(1))))
    return unpacked


def test_the_newest_complete_day_is_shown(published: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    written, day = site.write(published, tmp_path / "out")
    assert [page.name for page in written] == [f"{slug}.html" for slug in SLUGS]
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == sorted(page.name for page in written)
    assert day == date(2026, 1, 30)
    assert "Up to Friday, 30 January 2026, UTC." in written[0].read_text("utf-8")
    assert "partial" not in written[0].read_text("utf-8").split("<main")[1].split("<form")[0]


def test_no_later_day_is_told(published: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    written, day = site.write(published, tmp_path, date(2026, 1, 20))
    assert day == date(2026, 1, 20)
    for page in written[:6]:
        unpacked = data(page)
        assert unpacked["day"] == "2026-01-20"
        for table in unpacked["tables"].values():
            if table["date"]:
                assert max(table["columns"][table["date"]]["values"]) <= "2026-01-20"


def test_a_partial_day_says_so(published: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    written, _ = site.write(published, tmp_path, NEWEST)
    assert "The last day is partial" in written[0].read_text("utf-8")


def test_a_day_the_marts_do_not_have_is_refused(published: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    with pytest.raises(EarshotError, match=r"no 2025-06-01; choose a --date .* 2026-01-12 to 2026-01-31"):
        site.write(published, tmp_path, date(2025, 6, 1))
    assert list(tmp_path.iterdir()) == []


def test_pages_are_the_same_for_the_same_marts(published: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    first, second = (site.write(published, tmp_path / name)[0] for name in ("one", "two"))
    assert [page.read_bytes() for page in first] == [page.read_bytes() for page in second]


def test_each_page_is_an_exposure_with_the_marts_that_it_reads(
    published: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    site.write(published, tmp_path)
    file = Path(__file__).resolve().parents[2] / "models" / "marts" / "_exposures.yml"
    exposures = {one["label"]: one for one in yaml.safe_load(file.read_text("utf-8"))["exposures"]}
    for page in pages.all_pages(published):
        read = {name for card in page.cards for name in re.findall(r"\b(?:fct|dim|rpt)_\w+", card.table.sql)}
        read = set().union(read, *(FILTERS.get(name, set()) for name in page.filters))
        told = {re.sub(r"ref\('(.*)'\)", r"\1", one) for one in exposures[page.title]["depends_on"]}
        assert told == read, page.slug


def test_every_card_is_explained_by_its_mart(published: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    site.write(published, tmp_path)
    comments = dict(
        published.execute(
            "select table_name || '.' || column_name, comment from duckdb_columns() where schema_name = 'marts'"
        ).fetchall()
    )
    for page in pages.all_pages(published):
        for card in page.cards:
            assert card.mart in card.table.sql, card.key
            for name in card.explains:
                assert comments.get(f"{card.mart}.{name}"), (card.key, name)


def test_what_is_packed_is_what_was_asked() -> None:
    connection = duckdb.connect()
    sql = """
        select * from (values
            (date '2026-01-02', 'b', 1.25, 7, 1.5::decimal(9, 2)), (date '2026-01-01', 'a', null, -3, 0.25),
            (date '2026-01-01', null, 100000.04, null, null)
        ) as t (day, name, ratio, number, money)
    """
    table = Table("t", sql, ("day", "name"), ("ratio", "number", "money"), date="day")
    packed = packing.packed(connection, table)
    columns = packed["columns"]
    assert columns["day"] == {"values": ["2026-01-01", "2026-01-02"], "codes": [0, 0, 1]}
    assert columns["name"] == {"values": ["a", "b", None], "codes": [0, 2, -1]}
    assert columns["ratio"] == {"scale": 10000, "numbers": [None, 1000000400, -999987900]}
    assert columns["number"] == {"scale": 1, "numbers": [-3, None, 10]}
    assert columns["money"] == {"scale": 10000, "numbers": [2500, None, 12500]}
    assert isinstance(connection.execute("select 1.5::decimal(9, 2)").fetchall()[0][0], Decimal)


def test_long_tables_keep_the_digits_that_a_reader_sees() -> None:
    sql = "select n as name, n + 0.123456 as ratio from range(6000) as r (n)"
    packed = packing.packed(duckdb.connect(), Table("long", sql, ("name",), ("ratio",)))["columns"]["ratio"]
    assert packed["scale"] == 100 and packed["numbers"][:2] == [12, 100]


def test_rows_that_would_count_twice_are_refused() -> None:
    table = Table("twice", "select 'a' as name, 1 as number union all select 'a', 2", ("name",), ("number",))
    with pytest.raises(EarshotError, match="rows of `twice` are not told apart by name"):
        packing.packed(duckdb.connect(), table)
