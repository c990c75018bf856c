"""How a producer's field is called in SQL and in staging."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable

from loaders.contracts import Dataset

# Reserved by Redshift or by DuckDB: as a column such a word must be quoted, as a table it is not taken.
_RESERVED = """
    aes128 aes256 all allowoverwrite analyse analyze and any anti array as asc asof asymmetric authorization az64 backup
    between binary blanksasnull both by bytedict bzip2 case cast check collate column columns constraint create
    credentials cross current_date current_time current_timestamp current_user current_user_id datetime default
    deferrable deflate defrag delta delta32k desc describe disable distinct do else emptyasnull enable encode encrypt
    encryption end except exists explicit false fetch for foreign freeze from full globaldict256 globaldict64k grant
    group gzip having identity ignore ilike in initially inner intersect interval into is isnull join lambda lateral
    leading left like limit localtime localtimestamp lun luns lzo lzop minus mostly16 mostly32 mostly8 natural new not
    notnull null nulls off offline offset oid old on only open or order outer overlaps parallel partition percent
    permissions pivot pivot_longer pivot_wider placing positional primary qualify raw readratio recover references
    rejectlog resort respect restore returning right row select semi session_user show similar snapshot some struct
    summarize symmetric sysdate system table tag tdes text255 text32k then timestamp to top trailing true
    truncatecolumns type union unique unnest unpivot user using variadic verbose wallet when where window with within
    without
"""
RESERVED = frozenset(_RESERVED.split())
# What a name without capitals may end with, by the type that the field then has.
_ENDS = {
    "timestamp": ("at", "time"),
    "date": ("date",),
    "string": ("id",),
    "integer": ("id", "ms", "count", "seconds"),
    "number": ("seconds",),
}
_WHOLE = ("account", "android", "avoid", "discount", "grid", "hybrid", "invalid", "liquid", "paid", "solid", "valid")
_COLUMN = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_ .-]{0,98}[A-Za-z0-9_])?")
_BARE = re.compile(r"[a-z_][a-z0-9_]*")


def can_be_column(name: str) -> bool:
    """Whether a field of that name can be a column, quoted if need be, on every engine."""
    return _COLUMN.fullmatch(name) is not None and any(map(str.isalnum, name))


def shown(name: str) -> str:
    """A field's name on one line of text."""
    return name if name.isprintable() else ascii(name)[1:-1]


def in_sql(name: str, aliases: Collection[str]) -> tuple[str, bool]:
    """A raw column as SQL writes it in a `select` with these aliases, and whether it is a quoted reserved word."""
    word = name.lower()
    if not _BARE.fullmatch(word):
        return f'"{name}"', False
    if word in RESERVED:
        return f'"{word}"', True
    return (f"source.{word}" if word in aliases else word), False


def words(datasets: Iterable[Dataset]) -> frozenset[str]:
    """The words that staging's names are made of."""
    names = (column.staged_name for dataset in datasets for column in dataset.declared)
    return frozenset(word for name in names for word in name.split("_") if len(word) > 1)


def staged(name: str, kind: str, known: Collection[str], taken: Collection[str], dataset: str) -> str:
    """What staging calls a field: lower case, words parted by `_`, no name that is `taken` or reserved."""
    spelled = re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", name)
    spelled = re.sub(r"([A-Z])([A-Z][a-z])", r"\1_\2", spelled)
    found = re.sub(r"[^a-z0-9]+", "_", spelled.lower()).strip("_")
    if "_" not in found:
        found = "_".join(_parted(found, kind, known))
    if found in taken or found in RESERVED or found[0].isdigit():
        found = f"{dataset}_{found}"
    number = 2
    while found in taken:
        found = f"{found.rstrip('0123456789').rstrip('_')}_{number}"
        number += 1
    return found


def _parted(word: str, kind: str, known: Collection[str]) -> list[str]:
    """The words of a name that was written as one: the longest known ones, or a known end."""
    best: list[list[str] | None] = [[]] + [None] * len(word)
    for end in range(2, len(word) + 1):
        for start in range(end - 1):
            before, piece = best[start], word[start:end]
            if before is not None and piece in known and (best[end] is None or len(before) + 1 < len(best[end] or [])):
                best[end] = [*before, piece]
    if best[-1]:
        return best[-1]
    for ending in _ENDS.get(kind, ()):
        head = word.removesuffix(ending)
        if head != word and len(head) > 2 and word not in _WHOLE:
            return [head, ending]
    return [word]


def singular(name: str) -> str:
    """One of what a table holds: users -> user, cities -> city."""
    if name.endswith("ies") and len(name) > 4:
        return f"{name[:-3]}y"
    return name[:-1] if name.endswith("s") and not name.endswith("ss") and len(name) > 2 else name
