"""Which rows of which marts a partner may see: its own by `partner_id`, and what belongs to nobody."""

import re

import duckdb

from loaders.errors import EarshotError
from serving.warehouse import MARTS, literal, quoted

COLUMN = "partner_id"
OF_NOBODY = {"all", "unassigned"}  # total rows over every partner, and clients that the seed does not know
# Whole in every partner's folder: nothing in them was counted from people or devices.
SHARED = {"dim_countries", "dim_dates", "dim_firmware_releases", "dim_shows", "dim_shows_history"}

# Where each mart's rows come from: a condition on its rows, or the reason why it is left out.
Rule = tuple[str | None, str]


def require_known(connection: duckdb.DuckDBPyConnection, catalog: str, partner: str) -> None:
    """Raise EarshotError unless `dim_clients` has a client of this partner and its name can be a folder's."""
    clients = f"{quoted(catalog)}.{MARTS}.dim_clients"
    try:
        rows = connection.execute(f"select distinct {COLUMN} from {clients} order by 1").fetchall()
    except duckdb.CatalogException as error:
        raise EarshotError(
            "The warehouse has no mart dim_clients to know partners by; run `./earshot build`."
        ) from error
    known = [row[0] for row in rows if row[0] is not None and row[0] not in OF_NOBODY]
    if partner not in known:
        raise EarshotError(
            f"There is no partner '{partner}'; the clients belong to: {', '.join(known) or 'no partner at all'}."
        )
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", partner):
        raise EarshotError(
            f"The partner '{partner}' cannot name a folder; name it in letters, digits and dashes in the seed clients."
        )


def rule(mart: str, columns: list[str], partner: str) -> Rule:
    """`(condition, "")` that keeps the partner's rows of a mart, or `(None, reason)` when it is left out."""
    if COLUMN in columns:
        return f"{COLUMN} = {literal(partner)}", ""
    if mart in SHARED:
        return "true", ""
    return None, "its rows are not separated by partner"
