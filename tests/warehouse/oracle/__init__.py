"""An independent recomputation of the marts: from the raw inbox text, in plain Python, by the words of their
definitions. It shares no code with the loaders or the models, so that the two can only agree when both are right.

`recompute` gives every mart as a list of rows; `KEYS` names the columns that identify a row.
"""

from collections.abc import Callable, Mapping
from typing import Any

from tests.warehouse.oracle import (
    audience,
    dimensions,
    engagement,
    firmware,
    flash,
    growth,
    listening,
    operations,
    realtime,
    registrations,
    retention,
    shows,
    totals,
    trending,
)
from tests.warehouse.oracle.inbox import Inbox
from tests.warehouse.oracle.platform import Platform

Row = dict[str, Any]

MARTS: dict[str, Callable[[Platform], list[Row]]] = {
    "dim_users": dimensions.dim_users,
    "dim_devices": dimensions.dim_devices,
    "dim_clients": dimensions.dim_clients,
    "dim_countries": dimensions.dim_countries,
    "dim_shows": dimensions.dim_shows,
    "dim_shows_history": dimensions.dim_shows_history,
    "dim_devices_history": dimensions.dim_devices_history,
    "dim_users_history": dimensions.dim_users_history,
    "dim_firmware_releases": dimensions.dim_firmware_releases,
    "fct_user_activity_daily": audience.fct_user_activity_daily,
    "fct_active_users_daily": audience.fct_active_users_daily,
    "fct_user_growth": growth.fct_user_growth,
    "fct_retention_cohorts": retention.fct_retention_cohorts,
    "fct_registrations_daily": registrations.fct_registrations_daily,
    "fct_plays": listening.fct_plays,
    "fct_listening_hourly": listening.fct_listening_hourly,
    "fct_listening_daily": listening.fct_listening_daily,
    "fct_listening_totals": totals.fct_listening_totals,
    "fct_show_performance": shows.fct_show_performance,
    "fct_trending_shows": trending.fct_trending_shows,
    "fct_firmware_uptake_daily": firmware.fct_firmware_uptake_daily,
    "fct_firmware_adoption": firmware.fct_firmware_adoption,
    "fct_screen_engagement_daily": engagement.fct_screen_engagement_daily,
    "fct_screen_transitions_daily": engagement.fct_screen_transitions_daily,
    "fct_music_service_signons_daily": engagement.fct_music_service_signons_daily,
    "fct_voice_daily": engagement.fct_voice_daily,
    "fct_voice_unrecognised": engagement.fct_voice_unrecognised,
    "fct_notification_funnel_daily": engagement.fct_notification_funnel_daily,
    "fct_promotion_effectiveness": engagement.fct_promotion_effectiveness,
    "fct_active_users_hourly": realtime.fct_active_users_hourly,
    "rpt_so_far_today": realtime.rpt_so_far_today,
    "rpt_daily_flash": flash.rpt_daily_flash,
}

KEYS: dict[str, tuple[str, ...]] = {
    "dim_users": ("user_id",),
    "dim_devices": ("device_id",),
    "dim_clients": ("client_id",),
    "dim_countries": ("country_code",),
    "dim_shows": ("show_id",),
    "dim_shows_history": ("show_id", "valid_from"),
    "dim_devices_history": ("device_id", "valid_from"),
    "dim_users_history": ("user_id", "valid_from"),
    "dim_firmware_releases": ("model", "firmware_version"),
    "fct_user_activity_daily": ("date_day", "user_id", "client_id", "country_code", "activity"),
    "fct_active_users_daily": ("date_day", "partner_id", "client_id", "country_code", "activity"),
    "fct_user_growth": ("period_type", "period_start", "partner_id", "client_id"),
    "fct_retention_cohorts": (
        "cohort_kind",
        "period_type",
        "cohort_start",
        "period_number",
        "partner_id",
        "client_id",
        "country_code",
    ),
    "fct_registrations_daily": ("date_day", *registrations.COMBINATION),
    "fct_plays": ("play_id",),
    "fct_listening_hourly": ("hour_start", *listening.CELL),
    "fct_listening_daily": ("date_day", *listening.CELL),
    "fct_listening_totals": ("period_type", "period_start", "partner_id", "client_id"),
    "fct_show_performance": ("show_id",),
    "fct_trending_shows": ("date_day", "scope_type", "scope_value", "show_id"),
    "fct_firmware_adoption": ("model", "firmware_version"),
    "fct_firmware_uptake_daily": ("date_day", "model", "firmware_version"),
    "fct_screen_engagement_daily": ("date_day", "client_id", "platform", "screen"),
    "fct_screen_transitions_daily": ("date_day", "client_id", "from_screen", "to_screen"),
    "fct_music_service_signons_daily": ("date_day", "client_id", "country_code", "service"),
    "fct_voice_daily": ("date_day", "client_id", "country_code", "language", "intent"),
    "fct_voice_unrecognised": ("month_start", "client_id", "language", "utterance"),
    "fct_notification_funnel_daily": ("date_day", "client_id", "campaign_id"),
    "fct_promotion_effectiveness": ("campaign_id", "client_id"),
    "fct_active_users_hourly": ("hour_start", "partner_id", "client_id"),
    "rpt_so_far_today": ("partner_id", "client_id", "metric"),
    "rpt_daily_flash": ("date_day", "partner_id", "client_id", "metric"),
    "fct_landing_loads": ("dataset", "source_path"),
    "rpt_dataset_health": ("dataset",),
}


def recompute(inbox: Inbox, platform: Platform) -> Mapping[str, list[Row]]:
    """Every mart's rows, by mart name."""
    operational = {
        "fct_landing_loads": inbox.landings,
        "rpt_dataset_health": operations.rpt_dataset_health(platform, inbox),
    }
    return {**{name: mart(platform) for name, mart in MARTS.items()}, **operational}
