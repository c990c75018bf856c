"""The daily flash tells what its mart tells, worst first, to whom it is for and to nobody else."""

import email
import email.policy
import re
import socket
from collections.abc import Iterator
from datetime import date, timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import duckdb
import pytest
from aiosmtpd.controller import Controller

from loaders.errors import EarshotError
from reports import flash, flash_mail
from serving.publish import publish
from tests.commands import conftest
from tests.commands.conftest import Earshot
from tests.serving import warehouses

earshot, places = conftest.earshot, conftest.places
DAY = date(2026, 1, 14)

# value, day before, week before, mean, change
FIGURES: dict[str, tuple[float | None, ...]] = {
    "dau": (150, 140, 100, 120.4, 0.5),
    "wau": (990, 1000, 1000, 1000, -0.01),
    "mau": (3000, 3000, None, 3000, None),
    "new_users": (1, 2, 4, 3, -0.75),
    "hours_listened": (1234.56, 1300, 1500, 1400, -0.17696),
    "voice_utterances": (30, 0, 0, 0, None),
    "user_registrations": (0, 0, 0, 0, None),
    "share_on_latest_firmware": (0.5, 0.5, 0.4, 0.45, 0.25),
}
COLUMNS = (
    "date_day date, partner_id varchar, client_id varchar, metric varchar, value double, day_before double, "
    "same_day_last_week double, mean_7d double, change_vs_last_week double, is_complete boolean"
)


def rows() -> Iterator[tuple[Any, ...]]:
    """Three scopes, told apart by their numbers: partner acme has a tenth of all, borea 7,777,777 of everything."""
    for back in range(-1, 30):
        day = DAY - timedelta(days=back)
        for metric, values in FIGURES.items():
            yield (day, "all", "all", metric, *values, back >= 0)
            yield (day, "acme", "all", metric, *(v and v / 10 for v in values[:4]), values[4], back >= 0)
            yield (day, "acme", "app", metric, *[4_444_444.0] * 5, back >= 0)
            yield (day, "borea", "all", metric, *[7_777_777.0] * 5, back >= 0)


def fill(connection: duckdb.DuckDBPyConnection, name: str) -> None:
    connection.execute(f"create or replace table {name} ({COLUMNS})")
    connection.executemany(f"insert into {name} values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", list(rows()))


@pytest.fixture(scope="module")
def marts() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    fill(connection, "rpt_daily_flash")
    return connection


def words(html: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html)).replace("\xa0", " ")


def test_worst_first_under_what_happened(marts: duckdb.DuckDBPyConnection) -> None:
    told = flash.read(marts)
    assert (told.day, told.is_complete, told.partial) == (DAY, True, None)
    assert [(title, [figure.metric for figure in figures]) for title, figures in told.groups] == [
        ("Fell", ["new_users", "hours_listened"]),
        ("Rose", ["share_on_latest_firmware", "dau", "voice_utterances"]),
        ("About the same", ["wau", "user_registrations"]),
        ("Nothing to hold it against yet", ["mau"]),
    ]
    moved = {figure.metric: figure.moved for figure in told.figures}
    assert moved == {
        "new_users": "−3",  # of so few, −75% would alarm for nothing
        "hours_listened": "−18%",
        "share_on_latest_firmware": "+10.0 pts",
        "dau": "+50%",
        "voice_utterances": "from 0",
        "wau": "−1%",
        "user_registrations": "±0",
        "mau": "new",
    }
    assert told.headline == "Hours listened −18%, Voice requests from 0"
    assert all(len(figure.days) == flash.DAYS for figure in told.figures)


def test_every_form_has_every_figure(marts: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    told = flash.read(marts)
    html, pdf, plain = flash.write(told, tmp_path)
    assert [path.name for path in (html, pdf, plain)] == ["flash.html", "flash.pdf", "flash.txt"]
    page, line = words(html.read_text()), plain.read_text()
    for figure in told.figures:
        assert f"{figure.label} {figure.words(figure.value)}" in page
        assert re.search(rf"{figure.label} +{figure.words(figure.value)} +{re.escape(figure.moved)}\n", line)
    assert "Hours listened 1,234.6 ▼ −18% week before 1,500.0 · day before 1,300.0 · mean of 7 days 1,400.0" in page
    assert "On the latest firmware 50.0% ▲ +10.0 pts" in page and "Partial" not in page + line
    assert pdf.read_bytes().startswith(b"%PDF-") and pdf.read_bytes().count(b"/Type /Page\n") == 1
    assert pdf.read_bytes() == flash.write(told, tmp_path / "again")[1].read_bytes()


def test_mail_programs_show_the_page(marts: duckdb.DuckDBPyConnection) -> None:
    html = flash.html(flash.read(marts))
    assert not re.search(r"<script|<link|<svg|https?:|url\(|@import|javascript", html)
    images = re.findall(r'<img src="([^"]+)"[^>]*alt="([^"]+)"', html)
    assert len(images) == html.count("<img") == len(FIGURES)
    assert all(source.startswith("data:image/png;base64,") for source, _ in images)
    assert ("Active users in 28 days: 150 to 150") in [alt for _, alt in images]
    assert len(html) < 100_000  # some mail programs cut what is longer


def test_a_day_that_is_not_over_says_so(marts: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    told = flash.read(marts, DAY + timedelta(days=1))
    html, _, plain = flash.write(told, tmp_path)
    for said in (words(html.read_text()), plain.read_text()):
        assert "Partial: events of this day are still arriving" in said
        assert said.count("so far") == len(FIGURES)


def test_what_there_is_not_is_said(marts: duckdb.DuckDBPyConnection) -> None:
    with pytest.raises(EarshotError, match=r"has no 2025-01-01; .* it has: 2025-12-16 to 2026-01-15"):
        flash.read(marts, date(2025, 1, 1))
    with pytest.raises(EarshotError, match="There is no partner 'nobody' in the daily flash; there are: acme, borea"):
        flash.read(marts, partner="nobody")
    with duckdb.connect() as empty, pytest.raises(EarshotError, match="hold no activity yet"):
        empty.execute(f"create table rpt_daily_flash ({COLUMNS})")
        flash.read(empty)


def test_the_first_day_of_all(marts: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    with duckdb.connect() as first:
        first.execute(f"create table rpt_daily_flash ({COLUMNS})")
        first.execute(
            "insert into rpt_daily_flash values ($1, 'all', 'all', 'dau', 3, null, null, null, null, true), "
            "($1, 'all', 'all', 'share_on_latest_firmware', null, null, null, null, null, true)",
            [DAY],
        )
        told = flash.read(first)
    assert told.headline == "no week before to hold it against yet"
    assert "no week before yet" in flash.write(told, tmp_path)[2].read_text()


def test_a_partner_sees_its_own_rows_alone(marts: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    told = flash.read(marts, partner="acme")
    mail = flash_mail.message(told, "earshot@example.com", ["boss@example.com"])
    html, pdf, plain = flash.write(told, tmp_path)
    page = words(html.read_text())
    assert "Hours listened 123.5" in page and "acme" in page
    extracted = tmp_path / "mail.txt"
    extracted.write_text(
        "\n".join(str(part.get_content()) for part in mail.walk() if part.get_content_maintype() == "text")
    )
    uncompressed = b"".join(_streams(pdf.read_bytes()))
    assert b"123.5" in uncompressed
    for content in (
        html.read_bytes(),
        plain.read_bytes(),
        extracted.read_bytes(),
        uncompressed,
        str(mail["Subject"]).encode(),
    ):
        for foreign in (b"borea", b"7,777,777", b"7777777", b"4,444,444", b"1,234.6"):
            assert foreign not in content


def _streams(pdf: bytes) -> Iterator[bytes]:
    import zlib

    for content in re.findall(rb"stream\n(.*?)\nendstream", pdf, re.S):
        try:
            yield zlib.decompress(content)
        except zlib.error:
            yield content


class Inbox:
    """A mail server's handler that keeps what it gets and refuses one recipient."""

    def __init__(self) -> None:
        self.got: list[tuple[list[str], EmailMessage]] = []

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: list[str]) -> str:
        if address == "gone@example.com":
            return "550 5.1.1 No such user here"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        found = email.message_from_bytes(envelope.content, policy=email.policy.default)
        assert isinstance(found, EmailMessage)
        self.got.append((envelope.rcpt_tos, found))
        return "250 OK"


@pytest.fixture
def inbox() -> Iterator[tuple[Inbox, dict[str, str]]]:
    handler = Inbox()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    controller = Controller(handler, hostname="127.0.0.1", port=port)
    controller.start()
    try:
        yield handler, smtp(port)
    finally:
        controller.stop()


def smtp(port: int) -> dict[str, str]:
    return {
        "EARSHOT_SMTP_HOST": "127.0.0.1",
        "EARSHOT_SMTP_PORT": str(port),
        "EARSHOT_SMTP_SECURITY": "none",
        "EARSHOT_SMTP_FROM": "Earshot <earshot@example.com>",
    }


@pytest.fixture
def published(tmp_path: Path) -> Path:
    warehouse = tmp_path / "warehouse.duckdb"
    scratch = {
        "rpt_daily_flash": "select * from (select null::date) where false",
        "dim_clients": warehouses.MARTS["dim_clients"],
    }
    warehouses.make(warehouse, marts=scratch)
    with duckdb.connect(str(warehouse)) as connection:
        fill(connection, "marts.rpt_daily_flash")
    publish(warehouse, tmp_path / "serving")
    return tmp_path / "serving"


def to(*addresses: str) -> list[str]:
    return [word for address in addresses for word in ("--mail-to", address)]


def test_it_is_mailed(earshot: Earshot, published: Path, inbox: tuple[Inbox, dict[str, str]], tmp_path: Path) -> None:
    handler, settings = inbox
    done = earshot(
        "report", "--flash", "--mail-to", "boss@example.com", "--mail-to", "Ann <ann@example.com>", **settings
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [str(tmp_path / "reports" / f"flash.{kind}") for kind in ("html", "pdf", "txt")]
    [(recipients, mail)] = handler.got
    assert recipients == ["boss@example.com", "ann@example.com"]
    assert mail["Subject"] == "Earshot daily flash, Wed 14 Jan: Hours listened −18%, Voice requests from 0"
    kinds = [part.get_content_type() for part in mail.walk()]
    assert kinds.count("image/png") == len(FIGURES) and kinds[-1] == "application/pdf"
    html = next(part for part in mail.walk() if part.get_content_type() == "text/html").get_content()
    known = {part["Content-ID"].strip("<>") for part in mail.walk() if part.get_content_type() == "image/png"}
    assert set(re.findall(r'src="cid:([^"]+)"', html)) == known and "data:" not in re.sub(r"<meta.*>", "", html)
    assert "Hours listened" in next(p for p in mail.walk() if p.get_content_type() == "text/plain").get_content()


def test_a_refused_recipient_is_named(earshot: Earshot, published: Path, inbox: tuple[Inbox, dict[str, str]]) -> None:
    handler, settings = inbox
    done = earshot("report", "--flash", "--mail-to", "boss@example.com", "--mail-to", "gone@example.com", **settings)
    assert done.returncode == 1 and done.stderr.count("\n") == 1
    assert "refused gone@example.com: 5.1.1 No such user here; the others have the flash" in done.stderr
    assert [recipients for recipients, _ in handler.got] == [["boss@example.com"]]
    done = earshot("report", "--flash", "--mail-to", "gone@example.com", **settings)
    assert done.returncode == 1 and "nobody has the flash" in done.stderr


def test_an_unreachable_server_is_said(earshot: Earshot, published: Path) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        done = earshot("report", "--flash", "--mail-to", "boss@example.com", **smtp(closed.getsockname()[1]))
    assert done.returncode == 1 and done.stderr.count("\n") == 1
    assert "could not be used" in done.stderr and "was not sent" in done.stderr


def test_a_server_without_encryption_gets_no_mail_unasked(
    marts: duckdb.DuckDBPyConnection, inbox: tuple[Inbox, dict[str, str]]
) -> None:
    handler, settings = inbox
    through = flash_mail.server({**settings, "EARSHOT_SMTP_SECURITY": ""})
    with pytest.raises(EarshotError, match="check EARSHOT_SMTP_SECURITY, now starttls"):
        flash_mail.send(flash_mail.message(flash.read(marts), through.sender, ["a@b.c"]), through, ["a@b.c"])
    assert handler.got == []


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"EARSHOT_SMTP_HOST": ""}, "EARSHOT_SMTP_HOST is not set"),
        ({"EARSHOT_SMTP_FROM": ""}, "EARSHOT_SMTP_FROM is not set"),
        ({"EARSHOT_SMTP_FROM": "nobody"}, "no mail address"),
        ({"EARSHOT_SMTP_PORT": "x"}, "a number from 1 to 65535"),
        ({"EARSHOT_SMTP_SECURITY": "ssl"}, "it can be starttls, tls, none"),
        ({"EARSHOT_SMTP_USER": "me"}, "EARSHOT_SMTP_PASSWORD is not set"),
    ],
)
def test_a_missing_setting_is_wrong_usage(change: dict[str, str], said: str) -> None:
    with pytest.raises(EarshotError, match=said) as failed:
        flash_mail.server({**smtp(25), **change})
    assert failed.value.code == 2


def test_options_of_the_flash_alone(earshot: Earshot) -> None:
    assert earshot("report", "--partner", "acme").returncode == 2
    done = earshot("report", "--flash", "--mail-to", "boss@example.com", EARSHOT_SMTP_HOST="")
    assert done.returncode == 2 and "EARSHOT_SMTP_HOST is not set" in done.stderr


def test_the_password_is_never_shown() -> None:
    through = flash_mail.server({**smtp(25), "EARSHOT_SMTP_USER": "me", "EARSHOT_SMTP_PASSWORD": "secret"})
    assert "secret" not in repr(through)
