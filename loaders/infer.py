"""The first draft of a dataset from sample files: what can be seen in them is decided here, people decide the rest.

A draft is held against its samples before anybody sees it: `land` takes what the draft's contract takes.
"""

from __future__ import annotations

import re
import tempfile
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from loaders import contracts, drafts, samples, spelling
from loaders.contracts import CHANGE_MESSAGES, EVENT_STREAM, HASHABLE, OPERATION, RECEIVED, SENT, TABLE_DUMPS, Dataset
from loaders.drafts import Drafted, Text
from loaders.dynamodb import ItemShape
from loaders.errors import EarshotError
from loaders.inbox import REGIONS
from loaders.personal import UNTREATED, looks_personal, plain
from loaders.samples import Samples, Seen
from loaders.shapes import LineShape

FORMATS = {"events": EVENT_STREAM, "catalog": CHANGE_MESSAGES, "dynamodb": TABLE_DUMPS}
ENVELOPE = {
    EVENT_STREAM: (
        *("eventid", "eventtime", SENT, RECEIVED, "clientid", "userid", "deviceid"),
        *("countrycode", "platform", "appversion"),
    ),
    CHANGE_MESSAGES: (OPERATION, "updatedat"),
    TABLE_DUMPS: (),
}
# Without these a record of the format is none.
NEEDED = {
    EVENT_STREAM: ("eventid", "eventtime", RECEIVED, "clientid"),
    CHANGE_MESSAGES: (OPERATION, "updatedat"),
    TABLE_DUMPS: (),
}
# Columns that staging adds to those of a record, or that its macros use on the way.
_ADDED = (
    "occurred_at",
    "event_time",
    "sent_time",
    "is_deleted",
    "copy_number",
    "message_number",
    "load_id",
    "loaded_at",
)
# A text is guessed to be one of a few values when so many records share so few of them, each seen more than once.
_ENUM_RECORDS, _ENUM_VALUES, _ENUM_SHARE = 20, 12, 5
_ONE_OF = "guess: one of {values} values in {records} records; a record with another is quarantined"
_ENUM_VALUE = re.compile(r"[A-Za-z][A-Za-z0-9_.+/ -]{0,39}")
_TIME_NAME = re.compile(r"(at|time|timestamp|ts|date|millis|ms)$", re.IGNORECASE)
# Where the files of a dataset lie in an inbox: the source, with a region or without, and the dataset.
_PLACE = re.compile(rf"(?<=/)(events/(?:{'|'.join(REGIONS)})|catalog|dynamodb)/([^/]+)(?=/)")
_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")
_KEY_TYPES = ("string", "integer", "decimal", "timestamp", "date")


@dataclass
class Draft:
    """A new dataset as inferred: the texts of its files, and what its samples become under it."""

    dataset: str
    source: str
    model: str
    columns: list[Drafted]
    yaml: str  # its table in the sources file
    texts: list[Text]
    files: int
    landed: int
    rejected: Counter[tuple[str, str | None]]
    notes: list[str]  # what was guessed, what was left out


def infer(
    paths: Sequence[Path], source: str, name: str, key: Sequence[str] = (), staging: Path = contracts.STAGING
) -> Draft:
    """Draft the dataset `name` of a source from sample files; nothing is written.

    Raises EarshotError when the name is taken or can't be one, when the files hold no record of that kind of source,
    or when it can't be seen which fields are the key (then `key` must say).
    """
    datasets = contracts.read(staging)
    _check_name(source, name, datasets, staging)
    form = FORMATS[source]
    seen = samples.read(paths, form)
    _check_samples(seen, source)
    like = next(dataset for dataset in datasets.values() if dataset.format == form)
    columns, left_out = _columns(seen, name, like, datasets)
    chosen = list(dict.fromkeys(key)) or _key(seen, columns, name)
    _apply_key(chosen, columns, seen)
    columns.sort(key=lambda column: chosen.index(column.name) if column.name in chosen else len(chosen))
    lineage = [column.name for column in like.columns if column.lineage]
    table = drafts.table(name, form, chosen, (ENVELOPE[form], columns, lineage), left_out, seen.records)
    sources = staging / source / f"_{source}__sources.yml"
    text = _appended(sources, table)
    dataset = _understood(text, name, sources)
    wrapped = True in seen.wrapped
    shape = ItemShape(dataset, UNTREATED, wrapped) if form == TABLE_DUMPS else LineShape(dataset, UNTREATED)
    landed, rejected = samples.held_against(seen.files, shape)
    if not landed:
        raise EarshotError(f"None of the {rejected.total()} records would land: {_words(rejected)}; mend the samples.")
    texts = drafts.texts(staging, source, name, form, chosen, columns)
    for made in texts:
        if made.path.exists() and not made.appends:
            raise EarshotError(f"{made.path} is there already; remove it or choose another --name.", code=2)
    texts.append(Text(sources, table, appends=True))
    return Draft(
        dataset=name,
        source=source,
        model=drafts.model(source, name),
        columns=columns,
        yaml=table.strip("\n"),
        texts=texts,
        files=len(seen.files),
        landed=landed,
        rejected=rejected,
        notes=_notes(columns, left_out, rejected),
    )


def told(paths: Sequence[Path]) -> tuple[str, str]:
    """The source and the name of the dataset that sample files are of: by where they lie, else by what they hold.

    Raises EarshotError when neither tells the source.
    """
    for path in paths:
        folder = path.resolve().parent if path.is_file() else path.resolve()
        places = _PLACE.findall(f"{folder.as_posix()}/")
        if places:
            source, name = places[-1]
            return source.split("/")[0], name
    seen = samples.read(paths, CHANGE_MESSAGES)
    name = seen.files[0].name.split(".")[0].lower() if seen.files else ""
    for source in ("events", "catalog"):
        if set(NEEDED[FORMATS[source]]) <= seen.fields.keys():
            return source, name
    if seen.fields and all(set(field.kinds) == {"object"} for field in seen.fields.values()):
        return "dynamodb", name
    raise EarshotError(
        f"What {', '.join(map(str, paths))} holds is no event, change message or item of a dump; say --source.", code=2
    )


def write(draft: Draft) -> list[Path]:
    """Write a draft's files, the contract last; returns their paths."""
    for text in draft.texts:
        if text.appends and text.path.exists():
            before = text.path.read_bytes()
            glue = b"" if not before or before.endswith(b"\n") else b"\n"
            text.path.write_bytes(before + glue + text.content.encode())
        else:
            text.path.write_text(text.content, encoding="utf-8")
    return [text.path for text in draft.texts]


def _check_name(source: str, name: str, datasets: Mapping[str, Dataset], staging: Path) -> None:
    if source not in FORMATS:
        raise EarshotError(f"There is no source {source!r}; there are {', '.join(FORMATS)}.", code=2)
    if name in datasets:
        file = datasets[name].file
        raise EarshotError(f"There is a dataset {name} already, in {file}; choose another --name.", code=2)
    if not _NAME.fullmatch(name) or name in spelling.RESERVED:
        raise EarshotError(
            f"A dataset can't be named {name!r}; a name is a letter and then letters, digits and _, all in lower case, "
            "and no reserved word of SQL.",
            code=2,
        )
    for path in staging.rglob("*__sources.yml"):
        for one in yaml.safe_load(path.read_bytes())["sources"]:
            if name in [table["name"] for table in one.get("tables") or []]:
                raise EarshotError(f"There is a table {name} already, in {path}; choose another --name.", code=2)


def _check_samples(seen: Samples, source: str) -> None:
    named = ", ".join(str(path) for path in seen.files[:3]) + (" …" if len(seen.files) > 3 else "")
    if not seen.records:
        why = f": {_words(seen.rejected)}" if seen.rejected else ""
        what = "DynamoDB item" if seen.format == TABLE_DUMPS else "record"
        raise EarshotError(f"There is no {what} in {named or 'the folder'}{why}; name files that hold some.")
    missing = [name for name in NEEDED[seen.format] if name not in seen.fields or not seen.fields[name].records]
    if missing:
        raise EarshotError(f"The records in {named} lack {', '.join(missing)}, which every record of {source} has.")
    if len(seen.wrapped) > 1:
        raise EarshotError(f'The items in {named} stand partly in {{"Item": …}}, partly not; name files of one kind.')


def _columns(
    seen: Samples, name: str, like: Dataset, datasets: Mapping[str, Dataset]
) -> tuple[list[Drafted], dict[str, str]]:
    """The columns of the fields that can be some, and why others can't: they stay in `_extra`.

    `like` is another dataset of the format: it has the columns that all share.
    """
    envelope = ENVELOPE[seen.format]
    shared = [column for column in like.columns if column.lineage or column.name in envelope]
    used = {column.name.lower() for column in shared}
    taken = {column.staged_name for column in shared} | set(_ADDED)
    classes = {plain(c.name): c.personal for dataset in datasets.values() for c in dataset.columns if c.personal}
    known = spelling.words(datasets.values())
    columns: list[Drafted] = []
    left_out: dict[str, str] = {}
    for field_name, one in seen.fields.items():
        if field_name in envelope:
            continue
        if not one.records:
            left_out[field_name] = "null in every record"
        elif not spelling.can_be_column(field_name):
            left_out[field_name] = "its name can't be that of a column"
        elif field_name.lower() in used:
            left_out[field_name] = "another column has its name but for capitals"
        else:
            used.add(field_name.lower())
            column = _column(field_name, one, seen, classes)
            spelled = f"{spelling.singular(name)}_id" if field_name.lower() == "id" else field_name
            column.staged = spelling.staged(spelled, column.type, known, taken, name)
            taken.add(column.staged)
            columns.append(column)
    return columns, left_out


def _column(name: str, seen: Seen, samples: Samples, classes: Mapping[str, str]) -> Drafted:
    """A field as a column: its type and rules, and what was guessed."""
    column = Drafted(name, _type(name, seen, samples.format))
    if len(seen.kinds) > 1 and column.type == "json":
        kinds = " and ".join(f"{kind} ({count})" for kind, count in seen.kinds.most_common())
        column.comments.append(f"seen as {kinds}, so it is kept as JSON text: decide for one type")
    if column.type == "timestamp" and set(seen.kinds) == {"integer"}:
        column.comments.append("guess: its integers are times, epoch milliseconds")
    if column.type == "decimal":
        column.comments.append("every digit is kept, as text: 64-bit numbers would lose some")
    if seen.records == samples.records:
        column.required = True
    elif 0 < samples.deletes < samples.records and seen.records - seen.in_deletes == samples.records - samples.deletes:
        column.required = "upsert"
    if column.type in ("integer", "number", "decimal") and not seen.negative and seen.finite:
        column.min = 0
    _guess_personal(column, seen, classes)
    if column.personal is None:
        column.enum = _enum(column, seen)
        if column.enum:
            column.comments.append(_ONE_OF.format(values=len(column.enum), records=seen.records))
    column.said = _said(column, seen, samples.records)
    return column


def _type(name: str, seen: Seen, form: str) -> str:
    kinds = set(seen.kinds)
    json_lines = form != TABLE_DUMPS
    if kinds == {"string"}:
        return "timestamp" if seen.timestamps else "date" if seen.dates else "string"
    if kinds == {"string", "integer"} and json_lines and seen.timestamps and seen.milliseconds:
        return "timestamp"
    if kinds == {"integer"}:
        if json_lines and seen.milliseconds and _TIME_NAME.search(name):
            return "timestamp"
        return "integer" if seen.int64 else "decimal"
    if kinds <= {"integer", "number"}:
        return "number" if seen.exact else "decimal"
    if kinds == {"array"} and seen.all_strings:
        return "string_list"
    plainly = {"boolean": "boolean", "object": "map", "set": "string_set"}
    return plainly.get(kinds.pop(), "json") if len(kinds) == 1 else "json"


def _guess_personal(column: Drafted, seen: Seen, classes: Mapping[str, str]) -> None:
    known = classes.get(plain(column.name))
    if known == "hash" and column.type not in HASHABLE:
        known = "drop"
    if known is not None:
        column.personal = known
        column.comments.append(f"personal as the column of that name in another contract: {known}")
    elif looks_personal(column.name) or (set(seen.kinds) == {"string"} and seen.emails):
        column.personal = "drop"
        column.comments.append("guess: personal data, so it is not kept; decide for keep, hash or drop")


def _enum(column: Drafted, seen: Seen) -> tuple[str, ...]:
    """The values of a text that seems to be one of a few; none where it doesn't."""
    values = seen.texts
    if column.type != "string" or seen.many_texts or seen.records < _ENUM_RECORDS or column.name.lower().endswith("id"):
        return ()
    few = 1 < len(values) <= _ENUM_VALUES and len(values) * _ENUM_SHARE <= seen.records and min(values.values()) > 1
    if not few or not all(map(_ENUM_VALUE.fullmatch, values)):
        return ()
    return tuple(sorted(values))


def _said(column: Drafted, seen: Seen, records: int) -> str:
    """What was seen, for the column's description. Texts are not told: they may be personal."""
    kinds = {
        "string": "text",
        "integer": "whole numbers",
        "number": "numbers",
        "decimal": "numbers of many digits",
        "boolean": "true or false",
        "timestamp": "times",
        "date": "dates",
        "string_set": "sets of texts",
        "string_list": "lists of texts",
        "map": "objects",
        "json": "values of several kinds" if len(seen.kinds) > 1 else "nested values",
    }
    words = kinds[column.type]
    if column.type in ("integer", "number") and column.personal is None:
        words += f" from {seen.low:.6g} to {seen.high:.6g}"
    where = "every record" if seen.records == records else f"{seen.records} of {records} records"
    return f"Draft: {words}, in {where} of the samples. Say here what it means."


def _key(seen: Samples, columns: Collection[Drafted], name: str) -> list[str]:
    """The fields that tell one thing from another, as far as that can be seen; raises EarshotError where it can't."""
    if seen.format == EVENT_STREAM:
        return ["eventid"]
    always = [c.name for c in columns if seen.fields[c.name].records == seen.records and c.type in _KEY_TYPES]
    if seen.deletes and seen.deletes < seen.records:
        # A delete carries the key alone.
        carried = [column.name for column in columns if seen.fields[column.name].in_deletes]
        if carried and all(name in always and seen.fields[name].in_deletes == seen.deletes for name in carried):
            return carried
    for wanted in ("id", f"{spelling.singular(name)}id", f"{name}id"):
        for column in always:
            if re.sub(r"[^a-z0-9]", "", column.lower()) == wanted.replace("_", ""):
                return [column]
    ids = [column for column in always if column.lower().endswith("id")]
    if len(ids) == 1:
        return ids
    raise EarshotError(f"It can't be seen what the key of {name} is; name its fields, each with --key.", code=2)


def _apply_key(chosen: Sequence[str], columns: Sequence[Drafted], seen: Samples) -> None:
    """Mark the key's columns; raises EarshotError when one of them can't be part of a key."""
    by_name = {column.name: column for column in columns}
    if seen.format == EVENT_STREAM:
        if list(chosen) != ["eventid"]:
            raise EarshotError("The key of an event stream is eventid; leave --key out.", code=2)
        return
    for part in chosen:
        column = by_name.get(part)
        if column is None:
            raise EarshotError(f"--key {part} is no field of the samples; there are {', '.join(by_name)}.", code=2)
        if column.type not in _KEY_TYPES:
            raise EarshotError(f"--key {part} is of type {column.type}, which can't be part of a key.", code=2)
        if column.required is not True:
            raise EarshotError(f"--key {part} is missing in some of the records; a key must be in all.", code=2)
        if column.personal == "drop":
            column.personal = "keep"
            column.comments = [c for c in column.comments if "personal" not in c]
            column.comments.append("guess: personal data, kept because it is the key; decide for keep or hash")
        column.enum, column.min = (), None
        column.comments = [c for c in column.comments if not c.startswith(_ONE_OF[:13])]
    if seen.format == CHANGE_MESSAGES:
        for column in columns:
            if column.name not in chosen and column.required:  # a delete need not carry it
                column.required = "upsert"


def _appended(path: Path, table: str) -> str:
    """The sources file with the table at its end; raises EarshotError when there is no such file."""
    try:
        before = path.read_text(encoding="utf-8")
    except OSError as error:
        raise EarshotError(f"The contracts {path} can't be read ({error.strerror}); restore them.") from error
    return before + ("" if before.endswith("\n") else "\n") + table


def _understood(text: str, name: str, path: Path) -> Dataset:
    """The drafted contract as `contracts` reads it; raises EarshotError when it can't stand at the file's end."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / path.name).write_text(text, encoding="utf-8")
        datasets, errors = contracts.check(Path(folder))
    if errors or name not in datasets:
        why = errors[0] if errors else "its tables are not the last thing in it."
        raise EarshotError(f"The draft can't be put at the end of {path}: {why}")
    return datasets[name]


def _words(rejected: Counter[tuple[str, str | None]]) -> str:
    parts = []
    for (reason, name), count in rejected.most_common(5):
        parts.append(f"{reason} {spelling.shown(name)} ({count})" if name else f"{reason} ({count})")
    return ", ".join(parts) + (" …" if len(rejected) > 5 else "")


def _notes(
    columns: Sequence[Drafted], left_out: Mapping[str, str], rejected: Counter[tuple[str, str | None]]
) -> list[str]:
    notes = [f"{column.name}: {comment}" for column in columns for comment in column.comments]
    notes += [f"{spelling.shown(name)} is not declared and stays in _extra: {why}" for name, why in left_out.items()]
    if rejected:
        notes.append(f"{rejected.total()} records of the samples would be quarantined: {_words(rejected)}")
    return notes
