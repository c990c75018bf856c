"""The pages: of each one file that holds its numbers and all it needs to show them; it asks nothing of a network."""

import base64
import hashlib
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import vl_convert
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from loaders.errors import EarshotError
from reports import packing, pages, words

HERE = Path(__file__).resolve().parent
COUNTRIES = 10  # that pages tell apart: those with the most active people; the others are in every sum

# What the queries of pages join: the day shown, and the countries told apart.
_SHOWN = "create or replace temp table shown as select cast($1 as date) as last_day"
_COUNTRIES = f"""
create or replace temp table shown_countries as
select a.country_code, coalesce(max(c.name), a.country_code) as country
from fct_active_users_daily as a
left join dim_countries as c on a.country_code = c.country_code
where
    a.partner_id = 'all' and a.client_id = 'all' and a.country_code <> 'all' and a.activity = 'any'
    and a.date_day = (select last_day from shown)
group by a.country_code
order by max(a.mau) desc, a.country_code
limit {COUNTRIES}
"""


def write(connection: duckdb.DuckDBPyConnection, out: Path, day: date | None = None) -> tuple[list[Path], date | None]:
    """Write all pages into a folder, up to a day (default the newest complete one); returns their paths and the day.

    The connection has the marts first in its search path, and may be read-only. A warehouse without activity gives
    pages that say so, and no day. Raises EarshotError when the marts have no such day.
    """
    shown = _day(connection, day)
    connection.execute(_SHOWN, [shown])
    connection.execute(_COUNTRIES)
    environment = Environment(
        loader=FileSystemLoader(HERE), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["digest"] = digest
    template = environment.get_template("page.html.j2")
    fixed = {
        "scripts": [
            vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;"),
            (HERE / "page.js").read_text("utf-8"),
        ],
        "style": (HERE / "page.css").read_text("utf-8"),
        "day": shown,
        "partial": shown is not None and not _is_complete(connection, shown),
    }
    said = words.Words(connection)
    site = pages.all_pages(connection)
    out.mkdir(parents=True, exist_ok=True)
    written = []
    for page in site:
        choices = [choice for name in page.filters if (choice := _choice(connection, name))]
        text = template.render(
            page=page,
            pages=site,
            choices=choices,
            dated="range" in page.filters or page.slug == "index",
            what={card.key: said.about(card) for card in page.cards},
            data=packing.pack(connection, page, shown, said),
            **fixed,
        )
        written.append(_put(out / f"{page.slug}.html", text))
    return written, shown


def digest(script: str) -> str:
    """What a content security policy calls a script by."""
    return "sha256-" + base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()


def _choice(connection: duckdb.DuckDBPyConnection, name: str) -> dict[str, Any] | None:
    """A filter: its column or `range`, its label, its options."""
    if name == "range":
        spans = (("28", "4 weeks"), ("91", "13 weeks"), ("182", "26 weeks"), ("all", "A year"))
        return {
            "name": name,
            "label": "Range",
            "initial": "91",
            "options": [{"value": value, "label": label, "partner": ""} for value, label in spans],
        }
    queries = {
        "partner_id": "select distinct partner_id, coalesce(partner_name, partner_id), '' from dim_clients order by 2",
        "client_id": "select client_id, coalesce(client_name, client_id), partner_id from dim_clients order by 2, 1",
        "country_code": "select country_code, country, '' from shown_countries order by 2, 1",
        "model": "select distinct model, model, '' from fct_firmware_uptake_daily order by 1",
    }
    rows = connection.execute(queries[name]).fetchall()
    everything = words.EVERYTHING[name]
    options = [{"value": value, "label": label, "partner": partner} for value, label, partner in rows]
    return {
        "name": name,
        "label": words.heading(name),
        "initial": "all",
        "options": [{"value": "all", "label": everything, "partner": ""}, *options],
    }


def _day(connection: duckdb.DuckDBPyConnection, wanted: date | None) -> date | None:
    first, last, complete = connection.execute(
        "select min(date_day), max(date_day), max(case when is_complete then date_day end) "
        "from fct_active_users_daily where partner_id = 'all'"
    ).fetchall()[0]
    if wanted is None:
        newest: date | None = complete or last
        return newest
    if first is None or not first <= wanted <= last:
        has = "no day at all" if first is None else f"{first} to {last}"
        raise EarshotError(f"The published marts have no {wanted}; choose a --date of what they have: {has}.")
    return wanted


def _is_complete(connection: duckdb.DuckDBPyConnection, day: date) -> bool:
    query = "select bool_and(is_complete) from fct_active_users_daily where partner_id = 'all' and date_day = $1"
    row = connection.execute(query, [day]).fetchone()
    return bool(row and row[0])


def _put(path: Path, text: str) -> Path:
    temporary = path.with_name(path.name + ".tmp")
    temporary.write_text(text, encoding="utf-8")
    temporary.replace(path)
    return path
