"""What a user's activity is: the rule that the audience marts and dim_users share."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime

from tests.warehouse.oracle.inbox import Event
from tests.warehouse.oracle.platform import NO_COUNTRY, Platform

STREAM_ACTIVITY = {
    "play": "play",
    "navigation": "navigation",
    "tokenrequest": "token_request",
    "musicserviceauth": "music_service_auth",
    "voicefeedback": "voice",
    "showinteraction": "show_interaction",
    "notification": "notification",
    "promotion": "promotion",
}


@dataclass(frozen=True)
class Activity:
    """One event that counts as activity of a user."""

    user_id: str
    client_id: str
    country_code: str
    kind: str
    at: datetime

    @property
    def day(self) -> date:
        return self.at.date()


def counts_as_activity(event: Event) -> bool:
    """token_request: granted only; notification: opened only; promotion: click or conversion only; events without a
    user are not activity."""
    if event.user_id is None:
        return False
    if event.stream == "tokenrequest":
        return bool(event.fields["outcome"] == "granted")
    if event.stream == "notification":
        return bool(event.fields["kind"] == "opened")
    if event.stream == "promotion":
        return event.fields["kind"] in ("click", "conversion")
    return True


def activities(platform: Platform) -> Iterator[Activity]:
    """All activity of all users; a missing country is `zz`."""
    for event in platform.events:
        if counts_as_activity(event) and event.user_id is not None:
            yield Activity(
                user_id=event.user_id,
                client_id=event.client_id,
                country_code=event.country_code or NO_COUNTRY,
                kind=STREAM_ACTIVITY[event.stream],
                at=event.occurred_at,
            )
