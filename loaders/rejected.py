"""Records that are put aside, and what of them may be written."""

from __future__ import annotations

from typing import NamedTuple

from loaders import jsontext
from loaders.cleaning import clean
from loaders.judge import Invalid
from loaders.personal import DROP_REGION, UNDECLARED
from loaders.shapes import Shape

_NOT_KEPT = "not kept: it may hold personal data that can't be cut out"


class Rejected(NamedTuple):
    """A record that is put aside; `record` is None where its text must not be kept."""

    line: int
    offset: int
    field: str | None
    reason: str
    detail: str
    record: bytes | None
    cleaned: str | None = None  # what was cut out of it, see quarantine.SCHEMA


class Keeper:
    """Decides what is kept of the rejected records of one file. `encoding` is that of a file that is not UTF-8."""

    def __init__(self, shape: Shape, region: str | None) -> None:
        self._shape = shape
        self._keeps_text = region != DROP_REGION
        self._unclean = -1  # the last line of a text that was not kept
        self.encoding: str | None = None

    def rejected(self, fault: Invalid, line: int, offset: int, record: bytes) -> Rejected:
        """The rejected record without what must not be written of it."""
        if not self._keeps_text:
            # A key that no contract declares is text of the record too.
            name = fault.field if fault.field in self._shape.names else None
            return Rejected(line, offset, name, fault.reason, fault.detail, None)
        readable = record.decode(self.encoding, "ignore") if self.encoding else None
        text, fields = clean(record, self._shape, readable)
        names = ", ".join(name.removeprefix(UNDECLARED) for name in fields)
        detail, cleaned = fault.detail, None
        if text is None:
            detail = f"{detail}; {_NOT_KEPT} ({names})"
        elif fields:
            detail, cleaned = f"{detail}; personal data is cut out of its text ({names})", jsontext.dump(fields)
        return Rejected(line, offset, fault.field, fault.reason, detail, text, cleaned)

    def without_rests(self, rejected: list[Rejected]) -> list[Rejected]:
        """Rejected records in their order, those without text that follow right on one that could not be cleaned.

        They may be the rest of a record that a newline has torn: personal values without the names they belong to.
        """
        if not self._keeps_text:
            return rejected
        found = []
        for one in rejected:
            end = one.line + (one.record or b"").count(b"\n")
            if one.record is not None and self._unclean == one.line - 1:
                one = one._replace(detail=f"{one.detail}; {_NOT_KEPT} (line before)", record=None, cleaned=None)
            if one.record is None:
                self._unclean = end
            found.append(one)
        return found
