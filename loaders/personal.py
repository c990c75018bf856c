"""What becomes of personal data: kept, hashed with a key, or dropped, before anything is written.

A column's class stands in its contract. In region `cn` everything personal is dropped whatever its class. A field that
no contract declares but that is named like a personal one (but for case, `-` and `_`) is treated like it, at any depth.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from loaders import jsontext
from loaders.contracts import PERSONAL_CLASSES, Dataset
from loaders.errors import EarshotError

KEY_VARIABLE = "EARSHOT_HASH_KEY"
DROP_REGION = "cn"
# What the plain name of a field that nobody declares is marked with, among the names of declared ones.
UNDECLARED = "*"
# What names of personal fields are made of: letters and digits only. A microphone is no phone.
_SUSPECT = re.compile(
    r"email|^mail$|(?<!micro)(?<!head)(?<!gramo)phone(?!model)|msisdn|(first|last|middle|full|sur|given|family|nick|real|user|display)name"
    r"|birth|^dob$|street|postalcode|postcode|zipcode|homeaddress|ipaddr|^(client|remote|user)?ip$|passport|^ssn$"
    r"|socialsecurity|iban$|creditcard|cardnumber|password|^gender$|latitude|longitude|^lat$|^lon$|^lng$"
)
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]+")


@dataclass(frozen=True)
class Treatment:
    """Classes by column of one dataset in one region, and by plain name for fields that nobody declares."""

    columns: Mapping[str, str]
    names: Mapping[str, str]
    key: bytes

    def value(self, treatment: str, text: str | None) -> str | None:
        """What is left of a value under a class: itself, its keyed hash in hex, or nothing."""
        if text is None or treatment == "drop":
            return None
        return self.hash(text) if treatment == "hash" else text

    def hash(self, text: str) -> str:
        """32 hex digits of keyed BLAKE2b: the same text gives the same hash in every dataset."""
        return hashlib.blake2b(text.encode(), key=self.key, digest_size=16).hexdigest()

    def touches(self, keys: Iterable[str]) -> bool:
        """Whether one of the keys is named like a personal field whose class is not `keep`."""
        return not self.names.keys().isdisjoint(map(_plain_key, keys))

    def replace(self, key: str, value: Any) -> Any:
        """The value of an undeclared member after treatment; for `jsontext.dump`."""
        treatment = self.names.get(plain(key))
        if treatment is None or value is None:
            return value
        if treatment == "drop":
            return None
        return self.hash(value if isinstance(value, str) else jsontext.dump(value))

    def kind(self, name: str) -> str:
        """The class of a declared column, or of what bears a plain name behind UNDECLARED."""
        if name.startswith(UNDECLARED):
            return self.names.get(name.removeprefix(UNDECLARED), "keep")
        return self.columns.get(name, "keep")

    def after(self, cleaned: Mapping[str, str]) -> Treatment | None:
        """How what is left of a record is treated whose personal fields were `cleaned` (name to class) before.

        None where it can't be landed any more: a value is gone that its class of now would have left.
        """
        for name, before in cleaned.items():
            if before not in PERSONAL_CLASSES or STRENGTH(self.kind(name)) < STRENGTH(before):
                return None
        done = {plain(name.removeprefix(UNDECLARED)) for name, before in cleaned.items() if before == "hash"}
        columns = {n: "keep" if kind == "hash" and plain(n) in done else kind for n, kind in self.columns.items()}
        names = {name: kind for name, kind in self.names.items() if kind != "hash" or name not in done}
        return Treatment(columns, names, self.key)


STRENGTH = PERSONAL_CLASSES.index
# For those who only look.
UNTREATED = Treatment({}, {}, b"")


def require_key(datasets: Iterable[Dataset]) -> None:
    """Raise EarshotError when a contract hashes a column and the environment holds no key."""
    hashed = [f"{dataset.name}.{c.name}" for dataset in datasets for c in dataset.columns if c.personal == "hash"]
    if hashed and not os.environ.get(KEY_VARIABLE):
        raise EarshotError(f"{KEY_VARIABLE} is not set, but the contract hashes {', '.join(hashed)}; set it and retry.")


def treatment(dataset: Dataset, datasets: Collection[Dataset], region: str | None) -> Treatment:
    """How one dataset's personal data is treated in a region (None where the source has none); as `require_key`."""
    columns = {column.name: column.personal for column in dataset.columns if column.personal}
    names: dict[str, str] = {}
    for other in datasets:
        for column in other.columns:
            if column.personal:
                name = plain(column.name)
                names[name] = max(names.get(name, "keep"), column.personal, key=PERSONAL_CLASSES.index)
    names |= {plain(name): kind for name, kind in columns.items()}
    if region == DROP_REGION:
        columns = dict.fromkeys(columns, "drop")
        names = dict.fromkeys(names, "drop")
    names = {name: kind for name, kind in names.items() if kind != "keep"}
    if "hash" in [*columns.values(), *names.values()]:
        require_key(datasets)
    key = os.environ.get(KEY_VARIABLE, "")
    # BLAKE2b takes keys up to 64 bytes; a longer one is condensed first.
    secret = key.encode()
    return Treatment(columns, names, secret if len(secret) <= 64 else hashlib.blake2b(secret).digest())


def plain(name: str) -> str:
    """A field's name without what spellings differ in."""
    return name.casefold().replace("-", "").replace("_", "")


# Producers use the same few keys over and over.
_plain_key = lru_cache(maxsize=1024)(plain)


def looks_personal(name: str) -> bool:
    """Whether a name alone makes one think of personal data; a guess, for people to decide on."""
    letters = "".join(filter(str.isalnum, name.casefold()))
    return _SUSPECT.search(letters) is not None


def reads_like_email(value: Any) -> bool:
    """Whether a value is a text that reads like an e-mail address."""
    return type(value) is str and _EMAIL.fullmatch(value) is not None
