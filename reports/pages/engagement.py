"""Engagement: which screens are seen, who signs on, what voice understands, which messages and promotions work."""

import duckdb

from reports import charts
from reports.card import Card, Page, Table
from reports.pages import parts, sources


def page(connection: duckdb.DuckDBPyConnection) -> Page:
    signons = (("successes", "Succeeded"), ("failures", "Failed"), ("cancellations", "Cancelled"))
    outcomes = (("understood", "Understood"), ("misunderstood", "Misunderstood"), ("unsupported", "Unsupported"))
    return Page(
        slug="engagement",
        title="Engagement",
        lead="What people do in the apps, and what makes them come back.",
        filters=("partner_id", "client_id", "country_code", "range"),
        cards=(
            Card(
                key="screens",
                question="Which screens are seen?",
                mart="fct_screen_engagement_daily",
                table=SCREENS,
                by=("screen",),
                measures=("views",),
                explains=("views", "screen"),
                sort="views",
                limit=15,
                chart=charts.ranked("screen", "views", "Views"),
            ),
            Card(
                key="paths",
                question="From which screen do people go to which?",
                mart="fct_screen_transitions_daily",
                table=PATHS,
                by=("from_screen", "to_screen"),
                measures=("transitions",),
                explains=("transitions",),
                sort="transitions",
                chart=charts.heat(("to_screen", "To"), ("from_screen", "From"), ("transitions", "Times", ",")),
            ),
            Card(
                key="signons",
                question="Do sign-ons to music services succeed?",
                mart="fct_music_service_signons_daily",
                table=SIGNONS,
                by=("date_day",),
                measures=("attempts", "successes", "failures", "cancellations"),
                explains=("successes", "failures", "cancellations"),
                chart=charts.bars("date_day", signons, OUTCOMES),
                series=parts.legend([heading for _, heading in signons], OUTCOMES),
                note=parts.WEEKS,
            ),
            Card(
                key="services",
                question="Which service fails most often?",
                mart="fct_music_service_signons_daily",
                table=SIGNONS,
                by=("service",),
                measures=("attempts", "failures"),
                ratios={"failure_rate": ("failures", "attempts")},
                explains=("attempts", "failures"),
                sort="failure_rate",
                chart=charts.ranked("service", "failure_rate", "Failed", ".1%"),
                note="Of the attempts, the share that failed.",
            ),
            Card(
                key="voice",
                question="Does voice understand people?",
                mart="fct_voice_daily",
                table=VOICE,
                by=("date_day",),
                measures=("utterances", "understood", "misunderstood", "unsupported"),
                explains=("understood", "misunderstood", "unsupported"),
                chart=charts.bars("date_day", outcomes, OUTCOMES),
                series=parts.legend([heading for _, heading in outcomes], OUTCOMES),
                note=parts.WEEKS,
            ),
            Card(
                key="languages",
                question="In which language is voice misunderstood?",
                mart="fct_voice_daily",
                table=VOICE,
                by=("language",),
                measures=("utterances", "misunderstood"),
                ratios={"misunderstood_rate": ("misunderstood", "utterances")},
                explains=("misunderstood", "language"),
                sort="misunderstood_rate",
                limit=15,
                chart=charts.ranked("language", "misunderstood_rate", "Misunderstood", ".1%"),
                note="Of the utterances, the share that was misunderstood.",
            ),
            Card(
                key="funnel",
                question="How far do notifications get?",
                mart="fct_notification_funnel_daily",
                table=FUNNEL,
                by=("step",),
                measures=("notifications",),
                explains=("sent", "delivered", "opened", "users_joined_show_within_1h"),
                sort="place",
                chart=charts.ranked("step", "notifications", "Number"),
                note="By the day they were sent. The last step counts people who joined the show within an hour.",
            ),
            Card(
                key="promotions",
                question="Which promotions work?",
                mart="fct_promotion_effectiveness",
                table=PROMOTIONS,
                by=("campaign_id",),
                measures=("impressions", "clicks", "conversions"),
                ratios={"click_rate": ("clicks", "impressions")},
                explains=("click_rate", "conversions"),
                sort="impressions",
                limit=50,
                note="All that was ever shown, by campaign.",
            ),
        ),
    )


OUTCOMES = ("var(--c1)", "var(--c2)", "var(--c0)")


def _by_week(mart: str, column: str, measures: tuple[str, ...]) -> str:
    sums = ", ".join(f"sum({name}) as {name}" for name in measures)
    return f"""
        select {sources.WEEK}, partner_id, client_id, country_code, {column}, {sums}
        from {sources.by_country(mart)} where {sources.year()} group by all
    """


def _weekly(name: str, mart: str, column: str, measures: tuple[str, ...], most: int) -> Table:
    """A mart by week, scope, country and one dimension, of whose values only the largest are told apart."""
    sql = sources.fewer(
        _by_week(mart, column, measures), column, measures[0], most, (*sources.HOURS_KEYS, column), measures
    )
    filters = {**sources.PARTS, "country_code": "part"}
    return Table(name=name, sql=sql, by=("date_day", column), measures=measures, filters=filters, date="date_day")


SIGNON_MEASURES = ("attempts", "successes", "failures", "cancellations")
SIGNONS = _weekly("signons", "fct_music_service_signons_daily", "service", SIGNON_MEASURES, 12)
VOICE_MEASURES = ("utterances", "understood", "misunderstood", "unsupported")
VOICE = _weekly("voice", "fct_voice_daily", "language", VOICE_MEASURES, 12)

SCREENS = Table(
    name="screens",
    sql=f"""
        select date_day, partner_id, client_id, screen, sum(views) as views
        from fct_screen_engagement_daily where {sources.year()} group by all
    """,
    by=("screen",),
    measures=("views",),
    filters=sources.PARTS,
    date="date_day",
)

PATHS = Table(
    name="paths",
    sql=f"""
        select
            cast(date_trunc('week', date_day) as date) as date_day, partner_id, client_id, from_screen, to_screen,
            sum(transitions) as transitions
        from fct_screen_transitions_daily where {sources.year()} group by all
    """,
    by=("from_screen", "to_screen"),
    measures=("transitions",),
    filters=sources.PARTS,
    date="date_day",
)

_STEPS = (
    ("Sent", "sent"),
    ("Delivered", "delivered"),
    ("Opened", "opened"),
    ("Joined the show", "users_joined_show_within_1h"),
)

FUNNEL = Table(
    name="funnel",
    sql=" union all ".join(
        f"""
        select date_day, partner_id, client_id, '{step}' as step, sum({column}) as notifications, {-place} as place
        from fct_notification_funnel_daily where {sources.year()} group by all
        """
        for place, (step, column) in enumerate(_STEPS)
    ),
    by=("step",),
    measures=("notifications", "place"),
    filters=sources.PARTS,
    date="date_day",
)

PROMOTIONS = Table(
    name="promotions",
    sql="""
        select campaign_id, partner_id, client_id, impressions, clicks, conversions from fct_promotion_effectiveness
    """,
    by=("campaign_id",),
    measures=("impressions", "clicks", "conversions"),
    filters=sources.PARTS,
)
