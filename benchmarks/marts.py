"""Published marts of any size, filled by arithmetic: what reports are measured and tried on.

    .venv/bin/python -m benchmarks.marts --users 100000 --days 365 --out /tmp/marts/earshot.duckdb

Tables and descriptions are those of the models' contracts. Numbers are made up,
    but as consistent as a reader could tell:
parts are not larger than wholes, totals are there where a mart has totals, one row for each key.
"""

import argparse
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import yaml

ROOT = Path(__file__).resolve().parent.parent
COUNTRIES = ["de", "us", "fr", "gb", "cn", "se", "es", "jp", "it", "nl", "br", "pl", "za", "au", "ca", "mx", "ng", "in"]
MODELS = ("Nordklang One", "Nordklang Mini", "Acoustique 200", "Velora Dash")
SERVICES = ("tidal", "deezer", "qobuz")
SOURCES = ("local", "radio", "podcast", "live", *SERVICES, "netease", "soundcloud")
GENRES = ("rock", "pop", "jazz", "techno", "classical", "folk", "ambient", "indie", "hip-hop", "unknown")
SCREENS = ("home", "search", "player", "queue", "library", "settings")
METRICS = [
    "dau",
    "wau",
    "mau",
    "new_users",
    "user_registrations",
    "device_registrations",
    "hours_listened",
    "valid_listens",
    "shows_held",
    "peak_concurrent_listeners",
    "music_service_signons",
    "voice_utterances",
    "share_on_latest_firmware",
]
SO_FAR = ("tracks_started", "hours_listened", "active_users", "show_joins")
RELEASES = 8  # of each model
DATASETS = ("play", "navigation", "users", "devices")


@dataclass(frozen=True)
class Size:
    """How much there is. With no days there are tables without rows; without devices no fleet."""

    users: int
    days: int
    end: date  # the newest day, which is partial
    with_devices: bool = True


def make(path: Path, size: Size) -> None:
    """Write a file of marts anew, as `earshot publish` leaves it, with all tables of all marts."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    with duckdb.connect(str(path)) as connection:
        connection.execute("create schema marts")
        contracts = list(_contracts())
        for name, columns, description in contracts:
            described = ", ".join(f'"{column}" {kind}' for column, kind, _ in columns)
            connection.execute(f"create table marts.{name} ({described})")
            connection.execute(f"comment on table marts.{name} is {_text(description)}")
            for column, _, words in columns:
                connection.execute(f'comment on column marts.{name}."{column}" is {_text(words)}')
        connection.execute("set search_path = 'marts,main'")
        _surroundings(connection, size)
        for name, query in QUERIES.items():
            names = ", ".join(
                f'"{column}"' for mart, columns, _ in contracts if mart == name for column, _, _ in columns
            )
            sql = query.format(users=size.users, releases=RELEASES)
            connection.execute(f"insert into {name} by name select {names} from ({sql})")


def _contracts() -> Any:
    """Of each mart its name, its columns (name, type, description) and its description."""
    for file in sorted((ROOT / "models" / "marts").rglob("*.yml")):
        for model in yaml.safe_load(file.read_text("utf-8")).get("models", []):
            columns = [(one["name"], one["data_type"], one.get("description", "")) for one in model["columns"]]
            yield model["name"], columns, model["description"]


def _text(words: str) -> str:
    return "'" + words.replace("'", "''") + "'"


def _surroundings(connection: duckdb.DuckDBPyConnection, size: Size) -> None:
    """Temporary tables that the queries are made of: days, scopes, values of dimensions."""
    clients = f"read_csv('{ROOT / 'seeds' / 'clients.csv'}', header = true)"
    lists = {
        "models": MODELS if size.with_devices and size.days else (),
        "sources": SOURCES,
        "genres": GENRES,
        "screens": SCREENS,
        "services": SERVICES,
        "metrics": METRICS,
        "so_far": SO_FAR,
        "datasets": DATASETS if size.days else (),
        "types": ("track", "station", "podcast", "show"),
        "categories": ("music", "talk", "news", "sports"),
        "languages": ("de", "en", "fr"),
        "countries": COUNTRIES,
    }
    for name, values in lists.items():
        connection.execute(f"create temp table {name} (value varchar, place integer)")
        for place, value in enumerate(values):
            connection.execute(f"insert into {name} values ($1, $2)", [value, place])
    connection.execute(
        f"create temp table days as select cast(date '{size.end}' - n::integer as date) as date_day, "
        f"n = 0 as is_newest, cast({size.days} - n as integer) as number from range({size.days}) as r (n)"
    )
    connection.execute(f"create temp table clients as select client_id, partner_id from {clients}")
    connection.execute(
        "create temp table scopes as select partner_id, client_id, 3 as part from clients union all "
        "select distinct partner_id, 'all', 9 from clients union all select 'all', 'all', 30"
    )
    connection.execute(
        "create temp table places as select value as country_code, 1 as part from countries union all select 'all', 18"
    )
    connection.execute(
        "create temp macro made(most, a, b, c) as cast(hash(a, b, c) % cast(greatest(most, 1) as ubigint) as bigint)"
    )
    connection.execute(f"insert into dim_clients by name from {clients}")
    connection.execute(
        f"insert into dim_countries by name from read_csv('{ROOT / 'seeds' / 'countries.csv'}', header = true)"
    )


QUERIES = {
    "fct_active_users_daily": """
        select
            *, least(wau, floor(wau * 0.6) + made(wau * 0.1, date_day, client_id, country_code)) as dau,
            cast(dau as double) / mau as stickiness
        from (
            select
                date_day, s.partner_id, s.client_id, p.country_code, activity, not is_newest as is_complete,
                greatest(1, cast({users} * (0.5 + 0.5 * number / 400.0) * s.part * p.part / 540 as bigint)) as mau,
                cast(ceil(mau * 0.8) as bigint) as wau
            from days cross join scopes as s cross join places as p
            cross join (select unnest(['any', 'listening']) as activity)
        )
    """,
    "fct_user_growth": """
        select
            *, active_users - new_users - resurrected_users as retained_users, cast(active_users * 0.08 as bigint)
                as churned_users
        from (
            select
                'week' as period_type, d.date_day as period_start, partner_id, client_id, true as is_complete,
                cast({users} * part / 40 as bigint) as active_users,
                made({users} * part / 400, date_day, client_id, 1) as new_users,
                made({users} * part / 400, date_day, client_id, 2) as resurrected_users
            from days as d cross join scopes where dayofweek(d.date_day) = 1
        )
    """,
    "fct_retention_cohorts": """
        select
            *, least(cohort_users, retained_users * 2) as returning_users,
            cast(retained_users as double) / cohort_users as retention_rate,
            cast(least(cohort_users, retained_users * 2) as double) / cohort_users as returning_rate
        from (
            select
                'first_active' as cohort_kind, c.period_type, c.date_day as cohort_start, n.period_number,
                s.partner_id, s.client_id, p.country_code, true as is_complete,
                cast(1 + {users} * s.part * p.part / 30000 as bigint) as cohort_users,
                cast(cohort_users * (0.8 / (1 + n.period_number * 0.2)) as bigint) as retained_users
            from (
                select date_day, 'week' as period_type from days where dayofweek(date_day) = 1
                union all select date_day, 'month' from days where day(date_day) = 1
            ) as c
            cross join (select cast(n as integer) as period_number from range(54) as r (n)) as n
            cross join scopes as s cross join places as p
            where c.date_day + cast(case c.period_type when 'week' then 7 else 30 end as integer)
                * (n.period_number + 1)
                <= (select max(date_day) from days)
        )
    """,
    "fct_registrations_daily": """
        select
            date_day, entity, partner_id, client_id, value as country_code, 'none' as device_model,
            made({users} / 20000 + 2, date_day, client_id, value || entity) as registrations, 1 as total_to_date
        from days cross join clients cross join countries cross join (select unnest(['user', 'device']) as entity)
    """,
    "fct_listening_daily": """
        select
            date_day, partner_id, client_id, country_code, device_model, music_source, content_type, genre,
            plays_started * 0.07 as hours_listened, plays_started, cast(plays_started * 0.7 as bigint) as valid_listens,
            cast(plays_started * 0.2 as bigint) as skips, plays_started as listeners
        from (
            select
                date_day, c.partner_id, c.client_id, l.value as country_code, 'unknown' as device_model,
                s.value as music_source, t.value as content_type, g.value as genre,
                1 + made(5, date_day, c.client_id || l.value, s.value || g.value || t.value) as plays_started
            from days cross join clients as c cross join countries as l cross join sources as s cross join genres as g
            cross join types as t
            where made(1000000, date_day, c.client_id || s.value, g.value || l.value || t.value) < 10 * {users}
        )
    """,
    "fct_listening_totals": """
        select
            p.period_type, p.period_start, partner_id, client_id,
            cast({users} * part / 30 * factor as bigint) + made(9, p.period_start, client_id, 1) as listeners,
            listeners * 0.7 as hours_listened, listeners * 8 as plays_started, listeners * 5 as valid_listens,
            true as is_complete
        from (
            select 'day' as period_type, cast(date_day as timestamp) as period_start, 0.4 as factor from days
            union all
            select 'hour', date_day + to_hours(cast(n as bigint)), 0.02 * (1 + n % 12)
            from days cross join range(24) as r (n)
        ) as p cross join scopes
    """,
    "fct_show_performance": """
        select
            show_id, 1 + made({users} / 100 + 5, show_id, 1, 1) as unique_listeners, unique_listeners as joins,
            unique_listeners // 2 as peak_concurrent_listeners, cast(date_day as timestamp) as peak_at,
            unique_listeners * 12.5 as minutes_listened, unique_listeners // 4 as likes,
                unique_listeners // 9 as follows,
            unique_listeners // 3 as chats, 2 as shares, 1 as call_ins, 4 as poll_votes, date_day as first_day,
            date_day as last_day
        from (select 's' || number || '-' || n as show_id, date_day from days cross join range(20) as r (n))
    """,
    "dim_shows": """
        select
            's' || number || '-' || n as show_id, 'Show ' || number || ' "' || n || '" <b>' as title,
                'c' || n as creator_id,
            'Creator ' || n as creator_name, c.value as category, 'en' as language, 'ended' as status,
            cast(date_day as timestamp) as scheduled_start_at, cast(date_day as timestamp) as started_at,
            cast(date_day as timestamp) as ended_at, cast(null as timestamp) as deleted_at
        from days cross join range(20) as r (n) inner join categories as c on n % 4 = c.place
    """,
    "fct_trending_shows": """
        select
            date_day, scope_type, scope_value, 's' || number || '-' || n as show_id, 60.0 - n as recent_engagement,
            n * 1.5 as expected_engagement, (60 - n * 2.5) / sqrt(n * 1.5 + 1) as trend_score, 40 - n as listeners,
                n + 1 as rank
        from days cross join range(20) as r (n)
        cross join (
            select 'all' as scope_type, 'all' as scope_value union all select 'country', value from countries
            union all select 'category', value from categories
        )
    """,
    "dim_firmware_releases": """
        select
            value as model, n || '.0' as firmware_version, 'stable' as channel, n as release_rank,
            cast((select max(date_day) from days) - cast(({releases} - n) * 40 as integer) as timestamp) as released_at
        from models cross join range(1, {releases} + 1) as r (n)
    """,
    "fct_firmware_uptake_daily": """
        with shares as (
            select
                d.date_day, r.model, r.firmware_version, r.release_rank,
                date_diff('day', cast(r.released_at as date), d.date_day) as days_since_release
            from days as d inner join dim_firmware_releases as r on d.date_day >= cast(r.released_at as date)
        ),
        counted as (
            select *, cast({users} * 0.1
                * exp(-abs(days_since_release - 30) / 20.0) as bigint) + 1 as active_devices from shares
        )
        select
            *, cast(active_devices * 1.3 as bigint) as devices,
            active_devices / sum(active_devices) over (partition by date_day, model) as share_of_active,
            release_rank = max(release_rank) over (partition by date_day, model) as is_latest_stable
        from counted
    """,
    "fct_firmware_adoption": """
        select
            model, firmware_version, released_at, 5 as days_to_10_pct, 12 as days_to_50_pct,
            case when release_rank < {releases} then 25 end as days_to_90_pct
        from dim_firmware_releases
    """,
    "dim_devices": """
        select
            'd' || n as device_id, m.value as model, 'nordklang' as partner_id, 'nordklang-speaker' as client_id,
            l.value as country_code, 'u' || n as owner_user_id, '8.0' as firmware_version,
            timestamp '2025-01-01' as registered_at, timestamp '2026-01-01' as last_seen_at,
            cast(null as timestamp) as deleted_at
        from range({users}) as r (n)
        inner join models as m on n % 4 = m.place inner join countries as l on n % 18 = l.place
    """,
    "fct_screen_engagement_daily": """
        select
            date_day, partner_id, client_id, 'ios' as platform, value as screen,
            1 + made({users} / 10, date_day, client_id, value) as views, 1 as users, 4.0 as median_seconds,
                9.0 as p90_seconds
        from days cross join clients cross join screens
    """,
    "fct_screen_transitions_daily": """
        select
            date_day, partner_id, client_id, a.value as from_screen, b.value as to_screen,
            1 + made({users} / 50, date_day, client_id || a.value, b.value) as transitions
        from days cross join clients cross join screens as a cross join screens as b
    """,
    "fct_music_service_signons_daily": """
        select
            date_day, partner_id, client_id, country_code, service, 10 + n as attempts, 5 as successes,
                2 + n as failures,
            3 as cancellations, 4 as users_signed_on
        from (
            select
                date_day, partner_id, client_id, l.value as country_code, s.value as service,
                made(4, date_day, client_id || l.value, s.value) as n
            from days cross join clients cross join countries as l cross join services as s
        )
    """,
    "fct_voice_daily": """
        select
            date_day, partner_id, client_id, country_code, value as language, 'play' as intent, 10 + n as utterances,
            7 as understood, 1 + n as misunderstood, 2 as unsupported, 300.0 as p50_latency_ms, 900.0 as p95_latency_ms
        from (
            select date_day, partner_id, client_id, l.value as country_code, made(4, date_day, client_id, l.value) as n
            from days cross join clients cross join countries as l
        ) cross join languages
    """,
    "fct_notification_funnel_daily": """
        select
            date_day, partner_id, client_id, 'weekly' as campaign_id, 100 + n as sent, 90 + n as delivered,
                30 + n as opened,
            20 as dismissed, 25 as users_opened, 5 as users_joined_show_within_1h
        from (select *, made(9, date_day, client_id, 1) as n from days cross join clients)
    """,
    "fct_promotion_effectiveness": """
        select
            'cmp-' || n as campaign_id, partner_id, client_id, 500 as users_exposed, 1000 + n as impressions,
            50 + n as clicks, 9 as conversions, (50 + n) / cast(1000 + n as double) as click_rate,
            1.5 as hours_per_user_7d_before, 1.75 as hours_per_user_7d_after, (select max(date_day) from days)
                as last_first_impression_on
        from clients cross join range(12) as r (n) where exists (select 1 from days)
    """,
    "fct_active_users_hourly": """
        select
            date_day + to_hours(cast(n as bigint)) as hour_start, date_day, partner_id, client_id,
            1 + made({users} * part / 200, date_day, client_id, n) as active_users
        from days cross join range(24) as r (n) cross join scopes where number > 0
    """,
    "rpt_so_far_today": """
        select
            partner_id, client_id, value as metric, (select max(date_day) from days) + to_hours(18) as as_of,
            cast(100 * part + made(90, value, client_id, 1) as double) as value, 100.0 * part as same_time_yesterday,
            120.0 * part as same_time_last_week
        from scopes cross join so_far where exists (select 1 from days)
    """,
    "rpt_daily_flash": """
        select
            *, value / same_day_last_week - 1 as change_vs_last_week
        from (
            select
                date_day, partner_id, client_id, value as metric, not is_newest as is_complete,
                case value when 'share_on_latest_firmware' then 0.5137 else cast({users} * part / 40 + made(50,
                    date_day, value,
                    client_id) as double) end as value,
                case value when 'share_on_latest_firmware' then 0.4021 else cast({users} * part / 40 + 20 as double) end
                    as same_day_last_week,
                case value when 'share_on_latest_firmware' then 0.4988 else cast({users} * part / 40 + 25 as double) end
                    as day_before,
                1.0 as mean_7d
            from days cross join scopes cross join metrics
        )
    """,
    "rpt_dataset_health": """
        select
            value as dataset, 'events' as source, (select max(date_day) from days) - 1 as last_day,
            (select max(date_day) from days) + to_hours(18) as newest_event_at,
            (select max(date_day) from days) + to_hours(19) as newest_load_at, 1000 + place as rows_last_day,
            1100.5 as rows_expected, 0.012 as late_share_7d, 0.001 as reject_share_7d,
            case place when 1 then 'stale' else 'ok' end as status
        from datasets
    """,
    "fct_landing_loads": """
        select
            'l' || number as load_id, value as dataset, 'events/' || number || '-' || n || '.jsonl' as source_path,
            1000 as bytes, 1000 + place as records_read, 990 + place as records_landed, 10 as records_quarantined,
            0 as records_duplicate_in_file, cast(null as varchar) as snapshot_id,
                cast(date_day as timestamp) as landed_at,
            1.5 as seconds
        from days cross join datasets cross join range(24) as r (n)
    """,
    "fct_landing_rejects_daily": """
        select value as dataset, date_day as date, reason, 5 as records
        from days cross join datasets cross join (select unnest(['missing', 'not_json']) as reason)
    """,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--users", type=int, default=100_000)
    parser.add_argument("--days", type=int, default=365)
    parser.add_argument("--end", type=date.fromisoformat, default=date(2026, 1, 31))
    parser.add_argument("--out", type=Path, required=True)
    asked = parser.parse_args()
    make(asked.out, Size(asked.users, asked.days, asked.end))


if __name__ == "__main__":
    main()
