"""What each card must show, asked of the marts by SQL of its own; nothing here is shared with the pages."""

from dataclasses import dataclass

SHOWN = "date '2026-01-30'"  # the newest complete day


@dataclass(frozen=True)
class Choice:
    """What a reader has chosen."""

    partner_id: str = "all"
    client_id: str = "all"
    country_code: str = "all"
    model: str = "all"
    range: str = "91"

    @property
    def scope(self) -> str:
        """The total row of a scope."""
        return f"partner_id = '{self.partner_id}' and client_id = '{self.client_id}'"

    @property
    def place(self) -> str:
        return f"country_code = '{self.country_code}'"

    @property
    def parts(self) -> str:
        """The parts that make up a scope."""
        return " and ".join(
            ["true"]
            + [
                f"{name} = '{getattr(self, name)}'"
                for name in ("partner_id", "client_id")
                if getattr(self, name) != "all"
            ]
        )

    @property
    def places(self) -> str:
        return "true" if self.country_code == "all" else self.place

    @property
    def models(self) -> str:
        return "true" if self.model == "all" else f"model = '{self.model}'"

    def days(self, column: str = "date_day") -> str:
        """The range, which ends with the day shown; the first of a week or month counts for all of it."""
        first = "date '2025-01-01'" if self.range == "all" else f"{SHOWN} - {int(self.range) - 1}"
        return f"{column} <= {SHOWN} and {column} >= {first}"


WEEK = "cast(date_trunc('week', date_day) as date)"


def retention(choice: Choice, kind: str, most: int) -> str:
    return f"""
        select cohort_start, period_number, cohort_users, retained_users, retained_users / cohort_users
        from fct_retention_cohorts
        where cohort_kind = 'first_active' and period_type = '{kind}' and period_number between 1 and {most}
            and is_complete and {choice.scope} and {choice.place}
            and cohort_start > date_trunc('{kind}', {SHOWN}) - interval '{most} {kind}s'
    """


def listening(choice: Choice, column: str, columns: str, days: bool = True) -> str:
    """By the seven values with most hours, and the rest as one."""
    return f"""
        with ranked as (
            select {column} as value, row_number() over (order by round(sum(hours_listened), 3) desc, {column}) as place
            from fct_listening_daily where date_day <= {SHOWN} group by 1
        ),
        told as (
            select *, case when r.place <= 7 then r.value else 'all others' end as told, {WEEK} as week
            from fct_listening_daily as l inner join ranked as r on l.{column} = r.value
            where date_day <= {SHOWN} and {choice.parts} and {choice.places}
        )
        select {"week, " if days else ""}told, {columns} from told where {choice.days("week")} group by all
    """


def weekly(choice: Choice, mart: str, by: str, columns: str, places: bool = True) -> str:
    """Sums of a mart by week or by one of its columns; a week belongs to the range by its Monday."""
    return f"""
        select {by}, {columns}
        from {mart}
        where date_day <= {SHOWN} and {choice.parts} and {choice.places if places else "true"}
            and {choice.days(WEEK)}
        group by all
    """


def expected(page: str, card: str, choice: Choice) -> str:
    """The rows of a card's table, as a query."""
    active = f"{choice.scope} and {choice.place} and activity = 'any' and {choice.days()}"
    shows = f"""
        select coalesce(cast(s.started_at as date), p.first_day) as day, s.title, s.creator_name, s.category, p.*
        from fct_show_performance as p inner join dim_shows as s on p.show_id = s.show_id
        where {choice.days("cast(s.started_at as date)")}
    """
    trending = f"""
        with those as (
            select t.*, s.title as name, s.category
            from fct_trending_shows as t inner join dim_shows as s on t.show_id = s.show_id
            where t.date_day = {SHOWN} and t.scope_type = '{"all" if choice.country_code == "all" else "country"}'
                and t.scope_value = '{choice.country_code}'
        )
        select those.*, if(name in (select name from those group by name having count(*) > 1),
            format('{{}} ({{}})', name, show_id), name) as title
        from those
    """
    on_latest = "sum(active_devices) filter (is_latest_stable)"
    queries = {
        ("index", "users"): f"select date_day, dau, wau, mau from fct_active_users_daily where {active}",
        ("index", "hours"): listening(choice, "music_source", "sum(hours_listened)"),
        ("index", "return"): retention(choice, "week", 8),
        (
            "index",
            "trending",
        ): f"select title, show_id, listeners, recent_engagement, expected_engagement from ({trending}) "
        "where rank <= 8",
        ("audience", "active"): f"select date_day, dau, wau, mau from fct_active_users_daily where {active}",
        ("audience", "stickiness"): f"select date_day, dau, mau, dau / mau from fct_active_users_daily where {active}",
        ("audience", "growth"): "select period_start, retained_users, new_users, resurrected_users, -churned_users "
        f"from fct_user_growth where period_type = 'week' and is_complete and {choice.scope} "
        f"and {choice.days('period_start')}",
        ("audience", "weeks"): retention(choice, "week", 16),
        ("audience", "months"): retention(choice, "month", 12),
        ("audience", "registrations"): weekly(
            choice,
            "fct_registrations_daily",
            WEEK,
            "sum(registrations) filter (entity = 'user'), sum(registrations) filter (entity = 'device')",
        ),
        ("audience", "countries"): weekly(
            choice,
            "(select r.*, c.name from fct_registrations_daily as r inner join dim_countries as c using (country_code) "
            "where entity = 'user')",
            "name",
            "sum(registrations) as n",
            places=False,
        )
        + "having sum(registrations) > 0 order by n desc, name limit 15",
        ("listening", "sources"): listening(choice, "music_source", "sum(hours_listened)"),
        ("listening", "genres"): listening(choice, "genre", "sum(hours_listened)"),
        ("listening", "types"): listening(choice, "content_type", "sum(hours_listened)"),
        ("listening", "rates"): weekly(
            choice,
            "fct_listening_daily",
            WEEK,
            "sum(plays_started), sum(valid_listens), sum(skips), sum(valid_listens) / sum(plays_started), "
            "sum(skips) / sum(plays_started)",
        ),
        ("listening", "skipped"): listening(
            choice, "genre", "sum(plays_started), sum(skips), sum(skips) / sum(plays_started)", days=False
        ),
        ("listening", "week"): f"""
            select weekday, hour, sum(h), sum(h) / sum(sum(h)) over ()
            from (
                select dayname(period_start) as weekday, strftime(period_start, '%H') as hour, hours_listened as h
                from fct_listening_totals
                where period_type = 'hour' and {choice.scope} and period_start < {SHOWN} + 1
                    and {choice.days("cast(date_trunc('week', period_start) as date)")}
            ) group by all
        """,
        (
            "listening",
            "listeners",
        ): "select cast(period_start as date), listeners, hours_listened, hours_listened / listeners "
        f"from fct_listening_totals where period_type = 'day' and {choice.scope} "
        f"and {choice.days('cast(period_start as date)')}",
        (
            "shows",
            "trending",
        ): "select title, show_id, category, case when expected_engagement = 0 then 'nobody in the week before' "
        "else round(recent_engagement / expected_engagement, 1) || ' times what was expected' end, listeners, "
        f"recent_engagement, expected_engagement from ({trending}) where rank <= 20",
        ("shows", "expected"): "select title, show_id, recent_engagement, expected_engagement, trend_score "
        f"from ({trending}) where rank <= 10",
        ("shows", "peaks"): "select date_day, sum(value) filter (metric = 'peak_concurrent_listeners'), "
        "sum(value) filter (metric = 'shows_held') from rpt_daily_flash "
        f"where partner_id = 'all' and {choice.days()} group by 1",
        ("shows", "categories"): f"""
            select category, sum(minutes_listened), sum(joins)
            from fct_show_performance inner join dim_shows using (show_id)
            where first_day <= {SHOWN} and {choice.days("cast(date_trunc('week', started_at) as date)")} group by 1
        """,
        ("devices", "latest"): f"select date_day, {on_latest}, sum(active_devices), {on_latest} / sum(active_devices) "
        f"from fct_firmware_uptake_daily where {choice.models} and {choice.days()} group by 1",
        ("devices", "models"): f"select model, sum(devices), sum(active_devices), {on_latest}, "
        f"{on_latest} / sum(active_devices) from fct_firmware_uptake_daily "
        f"where {choice.models} and date_day = {SHOWN} group by 1",
        ("devices", "fleet"): "select c.name, d.model, count(*) from dim_devices as d "
        f"inner join dim_countries as c using (country_code) where {choice.models} group by all",
        ("devices", "milestones"): "select model, firmware_version, cast(released_at as date), days_to_10_pct, "
        f"days_to_50_pct, days_to_90_pct from fct_firmware_adoption where {choice.models}",
        ("devices", "uptake"): f"""
            select
                u.date_day,
                case when rank = 1 then 'newest' when rank > 6 then 'older' else rank - 1 || ' before it' end,
                sum(u.active_devices), sum(u.devices)
            from fct_firmware_uptake_daily as u
            inner join (
                select model, firmware_version, row_number() over (partition by model order by released_at desc) as rank
                from dim_firmware_releases
            ) as r using (model, firmware_version)
            where {choice.models} and {choice.days("u.date_day")} group by all
        """,
        ("engagement", "screens"): f"select screen, sum(views) from fct_screen_engagement_daily "
        f"where {choice.parts} and {choice.days()} group by 1",
        ("engagement", "paths"): weekly(
            choice, "fct_screen_transitions_daily", "from_screen, to_screen", "sum(transitions)", places=False
        ),
        ("engagement", "signons"): weekly(
            choice,
            "fct_music_service_signons_daily",
            WEEK,
            "sum(attempts), sum(successes), sum(failures), sum(cancellations)",
        ),
        ("engagement", "services"): weekly(
            choice,
            "fct_music_service_signons_daily",
            "service",
            "sum(attempts), sum(failures), sum(failures) / sum(attempts)",
        ),
        ("engagement", "voice"): weekly(
            choice,
            "fct_voice_daily",
            WEEK,
            "sum(utterances), sum(understood), sum(misunderstood), sum(unsupported)",
        ),
        ("engagement", "languages"): weekly(
            choice,
            "fct_voice_daily",
            "language",
            "sum(utterances), sum(misunderstood), sum(misunderstood) / sum(utterances)",
        ),
        ("engagement", "funnel"): f"""
            with sums as (
                select sum(sent) as a, sum(delivered) as b, sum(opened) as c, sum(users_joined_show_within_1h) as d
                from fct_notification_funnel_daily where {choice.parts} and {choice.days()}
            )
            select 'Sent', a from sums union all select 'Delivered', b from sums union all select 'Opened', c from sums
            union all select 'Joined the show', d from sums
        """,
        ("engagement", "promotions"): "select campaign_id, sum(impressions), sum(clicks), sum(conversions), "
        f"sum(clicks) / sum(impressions) from fct_promotion_effectiveness where {choice.parts} group by 1",
        ("right-now", "hours"): f"""
            select case date_day when date '2026-01-31' then 'Newest day' when date '2026-01-30' then 'Day before'
                else 'A week before' end, hour(hour_start), active_users
            from fct_active_users_hourly
            where {choice.scope} and date_day in (date '2026-01-31', date '2026-01-30', date '2026-01-24')
        """,
        (
            "right-now",
            "fortnight",
        ): "select date_day, strftime(hour_start, '%H'), active_users from fct_active_users_hourly "
        f"where {choice.scope} and date_day >= date '2026-01-17'",
        ("data-health", "datasets"): "select dataset, status, strftime(newest_event_at, '%Y-%m-%d %H:%M'), "
        "strftime(newest_load_at, '%Y-%m-%d %H:%M'), rows_last_day, rows_expected, late_share_7d, reject_share_7d "
        "from rpt_dataset_health",
        ("data-health", "files"): "select dataset, count(*), sum(records_read), sum(records_landed), "
        "sum(records_quarantined), sum(records_read - records_landed - records_quarantined) "
        "from fct_landing_loads group by 1",
        ("data-health", "loads"): f"""
            select cast(date_trunc('week', landed_at) as date), dataset, sum(records_landed), sum(records_read)
            from fct_landing_loads where {choice.days("cast(date_trunc('week', landed_at) as date)")} group by all
        """,
        ("data-health", "reasons"): f"""
            select reason, sum(records) from fct_landing_rejects_daily
            where {choice.days("cast(date_trunc('week', date) as date)")} group by 1
        """,
        ("data-health", "rejects"): f"""
            select cast(date_trunc('week', date) as date), dataset, sum(records) from fct_landing_rejects_daily
            where {choice.days("cast(date_trunc('week', date) as date)")} group by all
        """,
        ("shows", "crowds"): "select day, title, show_id, peak_concurrent_listeners as peak, unique_listeners, "
        f"minutes_listened from ({shows}) order by peak desc, show_id limit 200",
        ("shows", "performance"): "select day, title, show_id, creator_name, category, unique_listeners, "
        "peak_concurrent_listeners, minutes_listened, likes, follows, chats, shares, call_ins, poll_votes "
        f"from ({shows}) order by unique_listeners desc, show_id limit 100",
        ("devices", "adoption"): f"""
            with releases as (
                select *, row_number() over (partition by model order by released_at desc) as newness
                from dim_firmware_releases
            )
            select
                u.date_day - cast(r.released_at as date) as days,
                case newness when 1 then 'newest' else newness - 1 || ' before it' end,
                sum(active_devices) filter (u.firmware_version >= r.firmware_version), sum(active_devices),
                sum(active_devices) filter (u.firmware_version >= r.firmware_version) / sum(active_devices)
            from fct_firmware_uptake_daily as u inner join releases as r using (model)
            where {choice.models} and newness <= 6 and u.date_day <= {SHOWN}
                and u.date_day - cast(r.released_at as date) between 0 and 120
            group by all
        """,
    }
    return queries[page, card]
