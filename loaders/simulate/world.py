"""The platform's fixed surroundings: countries, clients, device models, music services, categories, words."""

from typing import NamedTuple


class Country(NamedTuple):
    """A market: its share of the users, its zone and what is spoken there."""

    code: str
    weight: int
    zone: int  # minutes east of UTC
    languages: tuple[str, ...]


class Client(NamedTuple):
    """A partner's app or integration: how its events look and how many users were won through it."""

    id: str
    weight: int  # 0: nobody registers with it
    platforms: tuple[str, ...]
    versions: tuple[str, ...]
    upper_country: bool
    style: str  # of timestamps: a key of `actors.STYLES`


class Model(NamedTuple):
    """A product with firmware: who makes it, who sells the integration, how many are about."""

    name: str
    client: str
    platform: str
    weight: int
    major: int
    weeks_between_releases: int


COUNTRIES = (
    Country("de", 150, 60, ("de",)),
    Country("gb", 90, 0, ("en",)),
    Country("fr", 75, 60, ("fr",)),
    Country("se", 45, 60, ("sv", "en")),
    Country("no", 25, 60, ("en",)),
    Country("nl", 40, 60, ("nl", "en")),
    Country("es", 45, 60, ("es",)),
    Country("it", 40, 60, ("it",)),
    Country("pl", 25, 60, ("pl",)),
    Country("ch", 22, 60, ("de", "fr")),
    Country("at", 20, 60, ("de",)),
    Country("us", 120, -300, ("en", "es")),
    Country("ca", 25, -300, ("en", "fr")),
    Country("mx", 20, -360, ("es",)),
    Country("br", 35, -180, ("pt",)),
    Country("za", 40, 120, ("en",)),
    Country("ng", 35, 60, ("en",)),
    Country("na", 6, 120, ("en",)),
    Country("in", 45, 330, ("en", "hi")),
    Country("jp", 35, 540, ("ja",)),
    Country("au", 25, 600, ("en",)),
    Country("nz", 8, 720, ("en",)),
    Country("cn", 140, 480, ("zh",)),
)

# The seed `clients.csv` knows all of these.
CLIENTS = (
    Client("earshot-ios", 26, ("ios",), ("5.2.0", "5.2.1", "5.3.0"), True, "millis"),
    Client("earshot-android", 28, ("android",), ("5.2.0", "5.3.0", "5.3.2"), True, "local"),
    Client("earshot-web", 13, ("web",), ("2026.3", "2026.4"), False, "epoch"),
    Client("nordklang-app", 14, ("ios", "android"), ("3.0.4", "3.1.0"), True, "micros"),
    Client("nordklang-speaker", 3, ("speaker",), (), False, "seconds"),
    Client("maison-app", 8, ("ios", "android"), ("1.9", "2.0"), True, "compact"),
    Client("maison-hifi", 1, ("speaker",), (), True, "nanos"),
    Client("velora-car", 5, ("car",), ("11", "12"), True, "epoch"),
    Client("velora-watch", 1, ("watch",), ("1.0.3",), False, "tenths"),
)

# A partner's trial that nobody has entered in the seed yet; it appears where there is a mess.
TRIAL = Client("klangwerk-trial", 1, ("android",), ("0.1.0",), False, "local")

CLIENT = {client.id: client for client in (*CLIENTS, TRIAL)}

MODELS = (
    Model("Nordklang Mini", "nordklang-speaker", "speaker", 34, 4, 4),
    Model("Nordklang One", "nordklang-speaker", "speaker", 26, 4, 5),
    Model("Nordklang Studio", "nordklang-speaker", "speaker", 10, 2, 7),
    Model("Acoustique 200", "maison-hifi", "speaker", 12, 1, 8),
    Model("Acoustique 400", "maison-hifi", "speaker", 6, 1, 9),
    Model("Velora Dash", "velora-car", "car", 9, 12, 6),
    Model("Velora Band", "velora-watch", "watch", 3, 1, 6),
)

REGIONS = ("eu", "cn")

SERVICES = ("tidal", "deezer", "qobuz", "soundcloud")
SERVICES_CN = ("netease", "qqmusic")
SERVICE_ERRORS = ("invalid_grant", "timeout", "account_expired", "region_locked")

GENRES = (
    "pop", "rock", "hip-hop", "house", "techno", "jazz", "classical", "metal",
    "indie", "afrobeats", "amapiano", "mandopop", "schlager", "ambient",
)  # fmt: skip

CATEGORIES = ("music", "talk", "comedy", "sports", "news", "culture", "business", "wellness")

# How lively each local hour is, on working days and at weekends.
RHYTHM = (
    (3, 2, 1, 1, 1, 3, 9, 14, 13, 9, 8, 8, 10, 9, 8, 9, 11, 14, 15, 15, 16, 15, 11, 6),
    (6, 4, 3, 2, 1, 2, 3, 5, 8, 11, 13, 14, 14, 13, 13, 13, 13, 13, 14, 15, 16, 16, 14, 10),
)

FIRST_NAMES = (
    "Ada", "Bo", "Chidi", "Dana", "Emre", "Fatou", "Goran", "Hanna", "Ines", "Jonas", "Kwame", "Léa",
    "Mei", "Naledi", "Ola", "Priya", "Quentin", "Rosa", "Sindre", "Thabo", "Uwe", "Vera", "伟", "芳",
)  # fmt: skip
LAST_NAMES = (
    "Adeyemi", "Berg", "Costa", "Dubois", "Eriksen", "Fischer", "García", "Haugen", "Iyer", "Jansen",
    "Kowalska", "Lindqvist", "Müller", "Nkosi", "Okafor", "Petit", "Rossi", "Sato", "Tan", "O'Brien",
)  # fmt: skip

# What people say, by language: intent, words. `None`: the recogniser knew no intent.
UTTERANCES: dict[str, tuple[tuple[str | None, str], ...]] = {
    "en": (
        ("play_music", "play some jazz"), ("play_music", "play the new album"), ("play_radio", "put the news on"),
        ("volume", "turn it up"), ("volume", "a bit quieter please"), ("skip", "next song"),
        ("timer", "stop in twenty minutes"), ("join_show", "join the live show"), (None, "make me a sandwich"),
        (None, "what's the \"best\" song ever"), ("pause", "pause"),
    ),
    "de": (
        ("play_music", "spiel etwas Jazz"), ("play_radio", "mach das Radio an"), ("volume", "lauter"),
        ("volume", "mach bitte etwas leiser"), ("skip", "nächstes Lied"), ("pause", "Pause"),
        ("join_show", "geh in die Sendung"), (None, "öffne das Garagentor"),
    ),
    "fr": (
        ("play_music", "mets du jazz"), ("play_radio", "allume la radio"), ("volume", "plus fort"),
        ("skip", "chanson suivante"), ("pause", "pause"), (None, "commande une pizza à l'ananas"),
    ),
    "es": (
        ("play_music", "pon música"), ("volume", "más alto"), ("skip", "la siguiente"), ("pause", "para"),
        (None, "¿qué tiempo hace mañana?"),
    ),
    "zh": (
        ("play_music", "放一首歌"), ("play_radio", "打开收音机"), ("volume", "大声一点"), ("skip", "下一首"),
        ("pause", "暂停"), (None, "帮我订外卖"),
    ),
    "sv": (("play_music", "spela lite jazz"), ("volume", "höj volymen"), ("skip", "nästa låt"), (None, "ring mormor")),
    "ja": (("play_music", "音楽をかけて"), ("volume", "音量を上げて"), ("skip", "次の曲"), (None, "電気を消して")),
}  # fmt: skip

ADJECTIVES = (
    "Quiet", "Golden", "Electric", "Lost", "Northern", "Velvet", "Broken", "Wild", "Paper", "Midnight",
    "Silver", "Slow", "Hidden", "Bright", "Hollow", "Crimson",
)  # fmt: skip
NOUNS = (
    "River", "Harbour", "Signal", "Garden", "Machine", "Mirror", "Summer", "Engine", "Letter", "Satellite",
    "Thunder", "Orchard", "Window", "Parade", "Lantern", "Avenue",
)  # fmt: skip

SHOW_TITLES: dict[str, tuple[str, ...]] = {
    "music": ("Vinyl Hour", "Beats & Bass", "Unplugged Tonight", "Neue Töne", "周末唱片"),
    "talk": ("Late Talk", "Two Chairs", "Ask Me Anything", "Café des voisins"),
    "comedy": ("Stand-up Night", "Worst Jokes Ever", 'The "Serious" Show'),
    "sports": ("Second Half", "Tour Radio", "Kick-off"),
    "news": ("Morning Brief", "World at Six", "Das Wichtigste"),
    "culture": ("Page Turner", "Museum After Dark", "Kinogespräch"),
    "business": ("Founders' Table", "Market Close", "Side Hustle"),
    "wellness": ("Breathe", "Sleep Stories 🌙", "Stretch Break"),
}

SCREENS = (
    "home", "discover", "search", "library", "player", "queue", "show", "creator", "devices", "settings", "profile",
)  # fmt: skip
PLACEMENTS = ("home_banner", "player_card", "search_top", "interstitial")
