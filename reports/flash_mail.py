"""The daily flash as a mail, and sending it through the server that the environment names."""

import os
import smtplib
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.utils import make_msgid, parseaddr

from loaders.errors import EarshotError
from reports import flash_charts, flash_pdf
from reports.flash import Figure, Flash, html, text

SECONDS = 30
SECURITIES = {"starttls": 587, "tls": 465, "none": 25}


@dataclass(frozen=True)
class Server:
    """Where and how to send."""

    host: str
    port: int
    security: str
    sender: str
    user: str | None = None
    password: str | None = field(default=None, repr=False)


def server(environment: Mapping[str, str] = os.environ) -> Server:
    """The settings; raises EarshotError (wrong usage) for what is missing or impossible."""
    for name, meaning in (
        ("EARSHOT_SMTP_HOST", "the mail server, as in mail.example.com"),
        ("EARSHOT_SMTP_FROM", "the sender's address, as in earshot@example.com"),
    ):
        if not environment.get(name):
            raise EarshotError(f"The flash can't be mailed: {name} is not set; set it to {meaning}.", 2)
    security = environment.get("EARSHOT_SMTP_SECURITY") or "starttls"
    if security not in SECURITIES:
        raise EarshotError(
            f"EARSHOT_SMTP_SECURITY is {security}; it can be {', '.join(SECURITIES)} (default starttls).", 2
        )
    port = environment.get("EARSHOT_SMTP_PORT") or str(SECURITIES[security])
    if not port.isdecimal() or not 0 < int(port) < 65536:
        raise EarshotError(f"EARSHOT_SMTP_PORT is {port}; set it to a number from 1 to 65535.", 2)
    user, password = environment.get("EARSHOT_SMTP_USER"), environment.get("EARSHOT_SMTP_PASSWORD")
    if bool(user) != bool(password):
        missing = "EARSHOT_SMTP_PASSWORD" if user else "EARSHOT_SMTP_USER"
        raise EarshotError(f"{missing} is not set; a login needs it beside the other, or leave both out.", 2)
    sender = address(environment["EARSHOT_SMTP_FROM"], "EARSHOT_SMTP_FROM")
    return Server(environment["EARSHOT_SMTP_HOST"], int(port), security, sender, user or None, password or None)


def address(words: str, where: str) -> str:
    """The text, if it is one mail address; raises EarshotError (wrong usage) otherwise."""
    _, found = parseaddr(words)
    local, at, domain = found.partition("@")
    if not (local and at and domain) or any(sign in words for sign in "\r\n,;"):
        raise EarshotError(f"{where} is '{words}', which is no mail address; write it as name@example.com.", 2)
    return words


def message(flash: Flash, sender: str, recipients: Sequence[str]) -> EmailMessage:
    """The mail: plain text, the page with its charts beside it as the mail's own parts, and the PDF."""
    mail = EmailMessage()
    mail["Subject"] = flash.subject
    mail["From"] = sender
    mail["To"] = ", ".join(recipients)
    mail["Message-ID"] = make_msgid(domain=parseaddr(sender)[1].partition("@")[2])
    mail.set_content(text(flash))
    charts: dict[str, bytes] = {}

    def source(figure: Figure, slots: int) -> str:
        # programs that read mail in a browser drop data: addresses
        charts[figure.metric] = flash_charts.png(figure, slots)
        return f"cid:{figure.metric}@earshot"

    mail.add_alternative(html(flash, source), subtype="html")
    page = mail.get_payload()[1]  # type: ignore[index]
    assert isinstance(page, EmailMessage)
    for metric, png in charts.items():
        page.add_related(png, "image", "png", cid=f"<{metric}@earshot>", filename=f"{metric}.png", disposition="inline")
    mail.add_attachment(
        flash_pdf.render(flash), maintype="application", subtype="pdf", filename=f"flash-{flash.day}.pdf"
    )
    return mail


def send(mail: EmailMessage, through: Server, recipients: Sequence[str]) -> None:
    """Send to everybody or say in a sentence to whom not, and why."""
    place = f"{through.host}:{through.port}"
    try:
        with _connected(through) as connection:
            if through.user and through.password:
                connection.login(through.user, through.password)
            refused = connection.send_message(
                mail, parseaddr(through.sender)[1], [parseaddr(one)[1] for one in recipients]
            )
    except smtplib.SMTPRecipientsRefused as error:
        refused = error.recipients
    except smtplib.SMTPAuthenticationError as error:
        raise EarshotError(
            f"The mail server {place} refused the login of {through.user} ({_said(error.smtp_error)}); "
            "check EARSHOT_SMTP_USER and EARSHOT_SMTP_PASSWORD."
        ) from error
    except smtplib.SMTPSenderRefused as error:
        raise EarshotError(
            f"The mail server {place} refused the sender {through.sender} ({_said(error.smtp_error)}); "
            "check EARSHOT_SMTP_FROM."
        ) from error
    except (smtplib.SMTPNotSupportedError, ssl.SSLError) as error:
        raise EarshotError(
            f"The mail server {place} does not do what was asked ({error}); check EARSHOT_SMTP_SECURITY, "
            f"now {through.security}."
        ) from error
    except (OSError, smtplib.SMTPException) as error:
        raise EarshotError(
            f"The mail server {place} could not be used ({error}); the flash was not sent. "
            "Check EARSHOT_SMTP_HOST and EARSHOT_SMTP_PORT."
        ) from error
    if refused:
        whom = "; ".join(f"{one}: {_said(why[1])}" for one, why in refused.items())
        others = len(recipients) - len(refused)
        raise EarshotError(
            f"The mail server {place} refused {whom}; {'the others have' if others else 'nobody has'} the flash. "
            "Correct --mail-to."
        )


def _connected(through: Server) -> smtplib.SMTP:
    if through.security == "tls":
        return smtplib.SMTP_SSL(through.host, through.port, timeout=SECONDS, context=ssl.create_default_context())
    connection = smtplib.SMTP(through.host, through.port, timeout=SECONDS)
    if through.security == "starttls":
        try:
            connection.starttls(context=ssl.create_default_context())
        except BaseException:
            connection.close()
            raise
    return connection


def _said(answer: bytes | str) -> str:
    return " ".join((answer.decode(errors="replace") if isinstance(answer, bytes) else answer).split())
