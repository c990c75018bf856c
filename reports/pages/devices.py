"""Devices: which firmware the fleet runs, how fast releases are taken up, where the devices are."""

import duckdb

from reports import charts
from reports.card import Card, Page, Table
from reports.pages import parts, sources

_NOT_ADOPTED = ("of no known release", "older")  # what has no day of release that is looked back to
VERSIONS = 7  # of a model that charts tell apart, the newest


def page(connection: duckdb.DuckDBPyConnection) -> Page:
    versions = _newest_last(connection)
    colours = _colours(versions)
    adopted = tuple(name for name in versions if name not in _NOT_ADOPTED)
    return Page(
        slug="devices",
        title="Devices",
        lead="Which firmware the fleet runs, how fast releases are taken up, and where the devices are.",
        filters=("model", "range"),
        cards=(
            Card(
                key="uptake",
                question="Which releases do the active devices run?",
                mart="fct_firmware_uptake_daily",
                table=UPTAKE,
                by=("date_day", "release"),
                measures=("active_devices", "devices"),
                explains=("active_devices", "devices"),
                chart=charts.areas("date_day", "active_devices", "release", versions, colours, "Active devices"),
                series=parts.legend(versions, colours),
                note="By how new the release is among those of its model; choose a model to see it alone.",
                wide=True,
            ),
            Card(
                key="latest",
                question="What share of the active devices runs the latest stable release?",
                mart="fct_firmware_uptake_daily",
                table=LATEST,
                by=("date_day",),
                measures=("on_latest", "active_devices"),
                ratios={"share": ("on_latest", "active_devices")},
                explains=("is_latest_stable", "active_devices"),
                chart=charts.lines("date_day", (("share", "Share"),), ".1%", ".0%"),
                note="It falls on the day of a release, and rises as that is taken up.",
            ),
            Card(
                key="adoption",
                question="How fast is a release taken up?",
                mart="fct_firmware_uptake_daily",
                table=ADOPTION,
                by=("days_since_release", "release"),
                measures=("on_it_or_later", "active_devices"),
                ratios={"share": ("on_it_or_later", "active_devices")},
                explains=("days_since_release", "share_of_active"),
                chart=charts.curves(
                    ("days_since_release", "Days since the release"),
                    "share",
                    "release",
                    adopted,
                    ".0%",
                    _colours(adopted),
                ),
                series=parts.legend(adopted, _colours(adopted)),
                note="Of the active devices of its model, the share that runs the release or a later one.",
            ),
            Card(
                key="models",
                question="How up to date is each model?",
                mart="fct_firmware_uptake_daily",
                table=LATEST,
                by=("model",),
                measures=("devices", "active_devices", "on_latest"),
                ratios={"share": ("on_latest", "active_devices")},
                explains=("is_latest_stable",),
                newest=True,
                sort="share",
                chart=charts.ranked("model", "share", "On the latest stable release", ".1%"),
                note="The share of active devices on the latest stable release, on the newest day.",
            ),
            Card(
                key="fleet",
                question="Where is the fleet?",
                mart="dim_devices",
                table=FLEET,
                by=("country", "model"),
                measures=("devices",),
                explains=("model", "country_code"),
                chart=charts.heat(("model", ""), ("country", "Country"), ("devices", "Devices", ",")),
                note="Devices that are not deleted, by the country they are registered in and their model.",
            ),
            Card(
                key="milestones",
                question="How many days did releases need?",
                mart="fct_firmware_adoption",
                table=MILESTONES,
                by=("model", "firmware_version", "released_at"),
                measures=("days_to_10_pct", "days_to_50_pct", "days_to_90_pct"),
                explains=("days_to_10_pct", "days_to_50_pct", "days_to_90_pct"),
                note="Until a tenth, half and nine tenths of the model's active devices ran it or a later one.",
                wide=True,
            ),
        ),
    )


# Models have versions of their own: charts of all models tell releases apart by how new they are within the model.
_RELEASES = """
    select
        model, firmware_version, released_at, release_rank,
        max(release_rank) over (partition by model) - release_rank as age
    from dim_firmware_releases
"""

_RELEASE = f"""
    case
        when r.age is null then 'of no known release'
        when r.age = 0 then 'newest'
        when r.age < {VERSIONS} - 1 then r.age || ' before it'
        else 'older'
    end
"""

UPTAKE = Table(
    name="uptake",
    sql=f"""
        select
            u.date_day, u.model, {_RELEASE} as release, sum(u.active_devices) as active_devices,
            sum(u.devices) as devices
        from fct_firmware_uptake_daily as u
        left join ({_RELEASES}) as r on u.model = r.model and u.firmware_version = r.firmware_version
        where {sources.year("u.date_day")}
        group by all
    """,
    by=("date_day", "release"),
    measures=("active_devices", "devices"),
    filters={"model": "part"},
    date="date_day",
)

LATEST = Table(
    name="latest",
    sql=f"""
        select
            date_day, model, sum(devices) as devices, sum(active_devices) as active_devices,
            sum(case when is_latest_stable then active_devices else 0 end) as on_latest
        from fct_firmware_uptake_daily
        where {sources.year()}
        group by all
    """,
    by=("date_day", "model"),
    measures=("devices", "active_devices", "on_latest"),
    filters={"model": "part"},
    date="date_day",
)

ADOPTION = Table(
    name="adoption",
    sql=f"""
        with releases as ({_RELEASES}),
        days as (
            select u.date_day, u.model, u.active_devices, k.release_rank
            from fct_firmware_uptake_daily as u
            left join releases as k on u.model = k.model and u.firmware_version = k.firmware_version
            where {sources.year("u.date_day")}
        )
        select
            r.model, {_RELEASE} as release,
            date_diff('day', cast(r.released_at as date), d.date_day) as days_since_release,
            sum(case when d.release_rank >= r.release_rank then d.active_devices else 0 end) as on_it_or_later,
            sum(d.active_devices) as active_devices
        from releases as r
        inner join days as d on r.model = d.model and d.date_day >= cast(r.released_at as date)
        where r.age < {VERSIONS} - 1 and date_diff('day', cast(r.released_at as date), d.date_day) <= 120
        group by all
    """,
    by=("days_since_release", "release"),
    measures=("on_it_or_later", "active_devices"),
    filters={"model": "part"},
)

FLEET = Table(
    name="fleet",
    sql="""
        select coalesce(c.name, d.country_code) as country, d.model, count(*) as devices
        from dim_devices as d
        left join dim_countries as c on d.country_code = c.country_code
        where d.deleted_at is null
        group by all
    """,
    by=("country", "model"),
    measures=("devices",),
    filters={"model": "part"},
)

MILESTONES = Table(
    name="milestones",
    sql="""
        select
            model, firmware_version, cast(released_at as date) as released_at, days_to_10_pct, days_to_50_pct,
            days_to_90_pct
        from fct_firmware_adoption
    """,
    by=("model", "firmware_version", "released_at"),
    measures=("days_to_10_pct", "days_to_50_pct", "days_to_90_pct"),
    filters={"model": "part"},
)


def _colours(releases: tuple[str, ...]) -> tuple[str, ...]:
    """The newer, the stronger."""
    known = [name for name in reversed(releases) if name != _NOT_ADOPTED[0]]
    ramp = dict(zip(known, charts.RAMP, strict=False))
    return tuple(ramp.get(name, charts.FADED) for name in releases)


def _newest_last(connection: duckdb.DuckDBPyConnection) -> tuple[str, ...]:
    """The releases told apart, the newest last, so that it has the strongest place."""
    order = [*_NOT_ADOPTED, *(f"{age} before it" for age in range(VERSIONS - 2, 0, -1)), "newest"]
    found = set(sources.largest(connection, UPTAKE, "release", "devices"))
    return tuple(name for name in order if name in found)
