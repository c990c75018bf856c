"""What people do besides listening: screens, tokens, sign-ons, voice, notifications, promotions."""

from collections.abc import Sequence
from json.encoder import encode_basestring as quote
from random import Random
from typing import NamedTuple

from loaders.simulate.actors import Actor, envelope
from loaders.simulate.clock import DAY, HOUR, MILLIS, MINUTE, date_text
from loaders.simulate.delivery import NAVIGATION, NOTIFICATION, PROMOTION, SIGN_ON, TOKEN, VOICE, Post
from loaders.simulate.people import User
from loaders.simulate.world import PLACEMENTS, SCREENS, SERVICE_ERRORS, UTTERANCES, Client

CAMPAIGN_EVERY = 9  # days
CAMPAIGN_LASTS = 14  # days


class Campaign(NamedTuple):
    """A promotion that runs for some days."""

    id: str
    first_day: int
    appeal: float
    show_id: str | None


def campaigns(seed: int, first_day: int, day: int) -> list[Campaign]:
    """Name the campaigns that run on a day: the evergreen one and those begun in the last fortnight."""
    found = [Campaign("evergreen", first_day, 0.02, None)]
    newest = (day - first_day) // CAMPAIGN_EVERY
    for number in range(max(0, newest - 1), newest + 1):
        begins = first_day + number * CAMPAIGN_EVERY
        if day < begins + CAMPAIGN_LASTS:
            rng = Random(f"{seed}/campaign/{number}")
            show = f"s{number:05d}promo" if number % 3 == 2 else None
            found.append(Campaign(f"cmp-{date_text(begins)}", begins, rng.uniform(0.02, 0.09), show))
    return found


def browse(post: Post, rng: Random, actor: Actor, running: list[Campaign], at: int) -> int:
    """Move through an app, meeting a promotion on the way; give back when it ends."""
    session = f"v{rng.getrandbits(48):012x}"
    previous = None
    for _ in range(2 + int(rng.expovariate(1 / 4))):
        screen = "home" if previous is None else rng.choice(SCREENS)
        body = f'"screen":"{screen}"'
        if previous:
            stayed = 800 + int(rng.expovariate(1 / 14_000))
            at += stayed
            body += f',"previousscreen":"{previous}","option":"{screen}_{rng.choice(("tab", "card", "back"))}"'
            body += f',"secondsonscreen":{stayed / 1000}'
        post.send(NAVIGATION, at, actor, f'{body},"sessionid":"{session}"')
        previous = screen
        if rng.random() < 0.11:
            at = _promote(post, rng, actor, rng.choice(running), at + rng.randrange(300, 4000))
    return at


def _promote(post: Post, rng: Random, actor: Actor, campaign: Campaign, at: int) -> int:
    show = f',"showid":"{campaign.show_id}"' if campaign.show_id else ""
    head = f'"campaignid":"{campaign.id}","placement":"{rng.choice(PLACEMENTS)}","kind":"'
    post.send(PROMOTION, at, actor, f'{head}impression"{show}')
    draw = rng.random()
    if draw < campaign.appeal:
        at += rng.randrange(900, 9000)
        post.send(PROMOTION, at, actor, f'{head}click"{show}')
        if draw < campaign.appeal / 4:
            post.send(PROMOTION, at + rng.randrange(5000, HOUR), actor, f'{head}conversion"{show}')
    elif draw < 0.3:
        at += rng.randrange(500, 5000)
        post.send(PROMOTION, at, actor, f'{head}skip"{show}')
    return at


def ask_for_token(post: Post, rng: Random, actor: Actor, at: int, grant: str) -> None:
    """Ask for an access token, mostly with success; after a refusal some try again."""
    if rng.random() < 0.04:
        reason = rng.choice(("expired", "revoked", "bad_credentials", "rate_limited"))
        post.send(TOKEN, at, actor, f'"granttype":"{grant}","outcome":"denied","reason":"{reason}"')
        at += rng.randrange(1000, 30_000)
        if rng.random() < 0.4:
            return
    post.send(TOKEN, at, actor, f'"granttype":"{grant}","outcome":"granted"')


def sign_on(post: Post, rng: Random, user: User, at: int) -> None:
    """Sign in to a music service; one service has a bad week in five."""
    if not user.services:
        return
    service = rng.choice(user.services)
    broken = len(service) % 5 == at // (7 * DAY) % 5
    for _ in range(3):
        draw = rng.random()
        if draw < (0.5 if broken else 0.08):
            code = rng.choice(SERVICE_ERRORS)
            body = f'"service":"{service}","outcome":"failure","errorcode":"{code}"'
        elif draw > 0.93:
            body = f'"service":"{service}","outcome":"cancelled"'
        else:
            body = f'"service":"{service}","outcome":"success"'
        post.send(SIGN_ON, at, user.app, body)
        at += rng.randrange(5000, 90_000)
        if "failure" not in body:
            return


def speak(post: Post, rng: Random, actor: Actor, language: str, at: int) -> None:
    """Say something to a device; not every word is understood, not every wish can be granted."""
    spoken = language if language in UTTERANCES and rng.random() > 0.05 else "en"
    intent, words = rng.choice(UTTERANCES[spoken])
    confidence = rng.betavariate(8, 2)
    body = f'"utterance":{quote(words)},"confidence":{confidence:.3f}'
    if rng.random() < 0.96:
        body += f',"language":"{spoken}"'
    if intent is None:
        body += ',"outcome":"unsupported","responsetype":"apology"'
    elif confidence < 0.62:
        body += ',"outcome":"misunderstood","responsetype":"question"'
    else:
        body += f',"intent":"{intent}","outcome":"understood","responsetype":"action"'
    if rng.random() < 0.95:
        body += f',"latencyms":{int(rng.lognormvariate(6.2, 0.5))}'
    post.send(VOICE, at, actor, body)


def notify(
    post: Post,
    rng: Random,
    user: User,
    at: int,
    *,
    show_id: str | None = None,
    campaign_id: str | None = None,
    opens: bool = False,
) -> None:
    """Send a message to a user: the service says so, the app tells what became of it. `opens`: it surely does."""
    service = Actor(
        user.app.region,
        envelope(user.client, user.id, None, user.country.code, "service", None),
        MILLIS,
        tells_sent=False,
    )
    campaign = f'"campaignid":"{campaign_id}",' if campaign_id else ""
    head = f'"notificationid":"n{rng.getrandbits(64):016x}",{campaign}"kind":"'
    tail = f',"showid":"{show_id}"' if show_id else ""
    post.send(NOTIFICATION, at, service, f'{head}sent"{tail}')
    if rng.random() < 0.06 and not opens:
        return
    at += rng.randrange(300, 40_000)
    post.send(NOTIFICATION, at, user.app, f'{head}delivered"{tail}')
    draw = rng.random()
    if opens or draw < 0.1:
        post.send(NOTIFICATION, at + int(rng.expovariate(1 / (9 * MINUTE))), user.app, f'{head}opened"{tail}')
    elif draw < 0.5:
        post.send(NOTIFICATION, at + int(rng.expovariate(1 / (2 * HOUR))), user.app, f'{head}dismissed"{tail}')


def spread_the_word(
    post: Post, rng: Random, crowd: list[User], running: list[Campaign], shows: list[tuple[str, int]], day: int
) -> None:
    """Notify a part of the crowd of the day's shows (id, start), and of a campaign on its first and sixth day."""
    for show_id, start in shows:
        for user in rng.sample(crowd, len(crowd) // 15):
            notify(post, rng, user, start - rng.randrange(MINUTE, 20 * MINUTE), show_id=show_id)
    for campaign in running:
        if day - campaign.first_day in (0, 5) and campaign.id != "evergreen":
            at = day * DAY + 15 * HOUR
            for user in crowd:
                if user.consent and rng.random() < 0.5:
                    notify(post, rng, user, at + rng.randrange(HOUR), campaign_id=campaign.id)


def serve(post: Post, rng: Random, day: int, users: int, clients: Sequence[Client]) -> None:
    """Let partners' servers ask for tokens of their own: no user, no device, no country."""
    for client in clients:
        if users:
            actor = Actor(0, envelope(client.id, None, None, None, "service", None), MILLIS)
            for hour in rng.sample(range(24), 3):
                ask_for_token(post, rng, actor, day * DAY + hour * HOUR + rng.randrange(HOUR), "client_credentials")
