"""The texts of a new dataset: its contract, its staging model, and what describes them, in the style of the others."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from string import Template
from typing import NamedTuple

import yaml

from loaders import spelling
from loaders.contracts import CHANGE_MESSAGES, EVENT_STREAM, TABLE_DUMPS


@dataclass
class Drafted:
    """A column as inferred; as `contracts.Column`. `said` is its description, `comments` tell what was guessed."""

    name: str
    type: str
    staged: str = ""
    required: bool | str = False
    enum: tuple[str, ...] = ()
    min: int | None = None
    personal: str | None = None
    said: str = ""
    comments: list[str] = field(default_factory=list)


class Text(NamedTuple):
    """A file of a draft, or what is put at the end of one."""

    path: Path
    content: str
    appends: bool = False


_TABLE = Template("""
      - name: $name
        description: "Draft from $records sample records: say here what one record is."
        config:
          meta:
            contract:
              format: $format
              key: [$key]
$event_time        columns:
$columns
""")

_EVENTS = Template("""\
with source as (
    select * from {{ source('events', '$name') }}
    where {{ newly_landed() }}
),

renamed as (
    select
        {{ event_envelope() }},
$renamed        {{ event_lineage() }}
    from source
)

{{ first_copies([$own]) }}
""")

_CATALOG = Template("""\
with source as (
    select * from {{ source('catalog', '$name') }}
    where {{ in_dates('event_date', rebuild_dates()) }} and {{ until_as_of('event_date') }}
),

renamed as (
    select
$renamed        op = 'delete' as is_deleted,
        updatedat as updated_at,
        event_date,
        _extra as extra_fields,
        _landed_at as landed_at,
        _source_file as source_file,
        _source_line as source_line,
        -- two messages about one key at one moment: a delete stands, else the greatest source path, line and offset
        row_number() over (
            partition by $key, updatedat
            order by
                op asc nulls last,
                _source_file desc nulls last,
                _source_line desc nulls last,
                _source_offset desc nulls last
        ) as message_number
    from source
)

select
$own    is_deleted,
    updated_at,
    event_date,
    extra_fields,
    landed_at,
    source_file,
    source_line
from renamed
where message_number = 1
""")

_DYNAMODB = Template("""\
with source as (
    select * from {{ source('dynamodb', '$name') }}
    where {{ in_dates('snapshot_date', rebuild_dates()) }} and {{ until_as_of('snapshot_date') }}
),

renamed as (
    select
$renamed        _snapshot_id as snapshot_id,
        _snapshot_at as snapshot_at,
        snapshot_date,
        _extra as extra_fields,
        _source_file as source_file,
        _source_line as source_line,
        row_number() over (
            partition by _snapshot_at, $key
            order by
                _source_file asc nulls last,
                _source_line asc nulls last,
                _source_offset asc nulls last,
                -- states of one moment may share the rows that did not change
                _snapshot_id asc nulls last
        ) as copy_number
    from source
)

select
$own    snapshot_id,
    snapshot_at,
    snapshot_date,
    extra_fields,
    source_file,
    source_line
from renamed
where copy_number = 1
""")

_GRAIN = {
    EVENT_STREAM: (
        "One row per event of the stream $name. Each event once, as its first copy told it, however often it "
        "was delivered."
    ),
    CHANGE_MESSAGES: (
        "One row per $one and change message. Of several messages about one key at one moment, one stands: a delete, "
        "else the one with the greatest source path and line."
    ),
    TABLE_DUMPS: "One row per $one and dump. The table $name as it stood at the export time of each dump.",
}
# The columns of a staging model before and after the dataset's own.
_BEFORE = {
    EVENT_STREAM: (
        *("event_id", "occurred_at", "event_date", "received_at", "client_id", "user_id", "device_id"),
        *("country_code", "platform", "app_version", "region"),
    ),
    CHANGE_MESSAGES: (),
    TABLE_DUMPS: (),
}
_AFTER = {
    EVENT_STREAM: ("extra_fields", "landed_at", "source_file", "source_line", "source_offset"),
    CHANGE_MESSAGES: (
        *("is_deleted", "updated_at", "event_date", "extra_fields", "landed_at", "source_file", "source_line"),
    ),
    TABLE_DUMPS: ("snapshot_id", "snapshot_at", "snapshot_date", "extra_fields", "source_file", "source_line"),
}
_NOT_NULL = {
    EVENT_STREAM: ("event_id", "occurred_at", "client_id"),
    CHANGE_MESSAGES: ("updated_at",),
    TABLE_DUMPS: ("snapshot_at",),
}


def model(source: str, name: str) -> str:
    """The name of a dataset's staging model."""
    return f"stg_{source}__{name}"


def table(
    name: str,
    form: str,
    key: Sequence[str],
    columns: tuple[Sequence[str], Sequence[Drafted], Sequence[str]],
    left_out: Mapping[str, str],
    records: int,
) -> str:
    """The dataset's table in its sources file, after an empty line.

    Its columns are those of the envelope, its own and those of the lineage; for the first and last it has anchors.
    """
    envelope, own, lineage = columns
    lines = [f"          - *{shared}" for shared in envelope]
    for column in own:
        lines.append(f"          - name: {_scalar(column.name)}")
        lines.append(f"            description: \"{{{{ doc('{name}__{column.staged}') }}}}\"")
        lines += [f"            # {comment}" for comment in column.comments]
        lines.append(f"            config: {{meta: {{{_rules(column)}}}}}")
    for field_name, why in left_out.items():
        lines.append(f"          # {spelling.shown(field_name)} is not declared and stays in _extra: {why}")
    lines += [f"          - *{shared.lstrip('_')}" for shared in lineage]
    event_time = {EVENT_STREAM: "eventtime", CHANGE_MESSAGES: "updatedat"}.get(form)
    return _TABLE.substitute(
        name=name,
        records=records,
        format=form,
        key=", ".join(map(_scalar, key)),
        event_time=f"              event_time: {event_time}\n" if event_time else "",
        columns="\n".join(lines),
    )


def _rules(column: Drafted) -> str:
    rules = [f"name: {_scalar(column.staged)}", f"type: {column.type}"]
    if column.required:
        rules.append("required: true" if column.required is True else f"required: {column.required}")
    if column.enum:
        rules.append(f"enum: [{', '.join(map(_scalar, column.enum))}]")
    if column.min is not None:
        rules.append(f"min: {column.min}")
    if column.personal:
        rules.append(f"personal: {column.personal}")
    return ", ".join(rules)


def _scalar(value: str) -> str:
    """A text as YAML's flow style writes it, quoted where it must be."""
    flow: str = yaml.safe_dump([value], default_flow_style=True, width=10_000)
    return flow.strip()[1:-1]


def texts(
    staging: Path, source: str, name: str, form: str, key: Sequence[str], columns: Sequence[Drafted]
) -> list[Text]:
    """The files beside the contract: the model, its YAML, and the descriptions that are not there yet."""
    folder = staging / source
    made = [
        Text(folder / f"{model(source, name)}.sql", _sql(name, form, key, columns)),
        Text(folder / f"{model(source, name)}.yml", _model_yaml(source, name, form, key, columns)),
    ]
    there = "".join(path.read_text(encoding="utf-8") for path in staging.parent.rglob("*.md"))
    blocks = [
        f"\n{{% docs {name}__{column.staged} %}}\n{column.said}\n{{% enddocs %}}\n"
        for column in columns
        if not re.search(rf"\{{%-?\s*docs\s+{name}__{column.staged}\s*-?%\}}", there)
    ]
    if blocks:
        made.append(Text(folder / f"_{source}__columns.md", "".join(blocks), appends=True))
    return made


def _sql(name: str, form: str, key: Sequence[str], columns: Sequence[Drafted]) -> str:
    aliases = {*_BEFORE[form], *_AFTER[form], *(column.staged for column in columns)}
    renamed = ""
    raw: dict[str, str] = {}
    for column in columns:
        raw[column.name], reserved = spelling.in_sql(column.name, aliases - {column.staged})
        same = raw[column.name] == column.staged
        renamed += f"        {raw[column.name]}" + ("" if same else f" as {column.staged}") + ","
        # The linter takes the quotes for needless where the word is reserved on the other engine.
        renamed += " -- noqa: RF06, a reserved word\n" if reserved else "\n"
    own = [column.staged for column in columns]
    if form == EVENT_STREAM:
        quoted = textwrap.fill(", ".join(f"'{one}'" for one in own), 110, break_long_words=False)
        listed = f"\n{textwrap.indent(quoted, '    ')},\n" if own else ""
        return _EVENTS.substitute(name=name, renamed=renamed, own=listed)
    template = _CATALOG if form == CHANGE_MESSAGES else _DYNAMODB
    return template.substitute(
        name=name,
        renamed=renamed,
        own="".join(f"    {one},\n" for one in own),
        key=", ".join(raw[part] for part in key),
    )


def _model_yaml(source: str, name: str, form: str, key: Sequence[str], columns: Sequence[Drafted]) -> str:
    grain = Template(_GRAIN[form]).substitute(name=name, one=spelling.singular(name).replace("_", " "))
    lines = ["version: 2", "", "models:", f"  - name: {model(source, name)}", "    description: >"]
    lines += textwrap.wrap(grain, 110, initial_indent=" " * 6, subsequent_indent=" " * 6)
    staged_key = [column.staged for part in key for column in columns if column.name == part]
    if form != EVENT_STREAM:
        unique = [*staged_key, "updated_at"] if form == CHANGE_MESSAGES else ["snapshot_at", *staged_key]
        lines += ["    data_tests:", "      - unique_combination:", "          arguments:"]
        lines.append(f"            columns: [{', '.join(map(_scalar, unique))}]")
    lines.append("    columns:")
    docs = {column.staged: f"{name}__{column.staged}" for column in columns}
    never_null = {*_NOT_NULL[form], *staged_key}
    for column_name in (*_BEFORE[form], *docs, *_AFTER[form]):
        lines.append(f"      - name: {_scalar(column_name)}")
        lines.append(f"        description: \"{{{{ doc('{docs.get(column_name, column_name)}') }}}}\"")
        lines += _tests(column_name == "event_id" and form == EVENT_STREAM, column_name in never_null)
    return "\n".join(lines) + "\n"


def _tests(unique: bool, not_null: bool) -> Iterable[str]:
    if unique or not_null:
        yield "        data_tests:"
    if unique:
        yield "          - unique"
    if not_null:
        yield "          - not_null"
