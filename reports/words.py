"""How columns are called on pages, and what the published marts say of themselves."""

import html
import re

import duckdb

from reports.card import Card
from serving.warehouse import MARTS

EVERYTHING = {
    "partner_id": "All partners",
    "client_id": "All clients",
    "country_code": "All countries",
    "model": "All models",
}

_HEADINGS = {
    "partner_id": "Partner",
    "client_id": "Client",
    "country_code": "Country",
    "date_day": "Day",
    "dau": "Active that day",
    "wau": "In 7 days",
    "mau": "In 28 days",
    "cohort_start": "Began in",
    "period_number": "Later by",
    "cohort_users": "Who began",
    "retained_users": "Came again",
    "retention_rate": "Share that came",
    "period_start": "From",
    "active_users": "Active",
    "new_users": "New",
    "resurrected_users": "Back again",
    "churned_users": "Gone",
    "plays_started": "Plays",
    "released_at": "Released",
    "recent_engagement": "Engagement",
    "expected_engagement": "Expected",
    "unique_listeners": "Listeners",
    "peak": "At once",
    "minutes_listened": "Minutes",
    "records_quarantined": "Put aside",
    "records_read": "Read",
    "records_landed": "Landed",
    "late_share_7d": "Late, 7 days",
    "reject_share_7d": "Put aside, 7 days",
    "days_to_10_pct": "Days to 10 %",
    "days_to_50_pct": "Days to 50 %",
    "days_to_90_pct": "Days to 90 %",
    "campaign_id": "Campaign",
    "left_users": "Gone",
}


def heading(name: str) -> str:
    """A column's name as people read it."""
    return _HEADINGS.get(name, name.replace("_", " ").capitalize())


class Words:
    """What the published marts say of themselves: their descriptions and those of their columns."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        marts = "select table_name, comment from duckdb_tables() where schema_name = $1"
        fields = "select table_name, column_name, comment from duckdb_columns() where schema_name = $1"
        self.marts = {name: text or "" for name, text in connection.execute(marts, [MARTS]).fetchall()}
        self.columns = {(mart, name): text or "" for mart, name, text in connection.execute(fields, [MARTS]).fetchall()}

    def about(self, card: Card) -> list[str]:
        """A card's definition in paragraphs: the mart's, then those of the columns that it names."""
        first = self.marts.get(card.mart, "").split("\n\n")[0]
        paragraphs = [f"{card.mart}: {_plain(first)}"]
        for name in card.explains:
            text = self.columns.get((card.mart, name), "")
            if text:
                paragraphs.append(f"{heading(name)}: {_plain(text)}")
        return paragraphs

    def column(self, name: str, kind: str, cards: tuple[Card, ...]) -> dict[str, str]:
        """A column's heading, how its values are written, and what its mart says it is."""
        said = (self.columns.get((card.mart, name), "") for card in cards)
        return {
            "label": heading(name),
            "kind": kind,
            "about": _plain(next((text for text in said if text), "")),
        }


def _plain(text: str) -> str:
    return html.unescape(re.sub(r"\s+", " ", text.replace("`", ""))).strip()
