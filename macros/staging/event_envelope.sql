{# What every event stream has in common: the first and the last columns of its staging model. #}

{% macro event_envelope() %}
        eventid as event_id,
        {{ occurred_at('eventtime', 'senttime', 'receivedtime') }} as occurred_at,
        event_date,
        receivedtime as received_at,
        {{ client_of('clientid') }} as client_id,
        userid as user_id,
        deviceid as device_id,
        coalesce(lower(countrycode), 'zz') as country_code,
        platform,
        appversion as app_version,
        _region as region
{%- endmacro %}

{% macro client_of(column) -%}
    {#- A client that calls itself `all` is told from the rows over every client, which are called so. -#}
    case when {{ column }} = 'all' then '_all' else {{ column }} end
{%- endmacro %}

{% macro event_lineage() %}
        _extra as extra_fields,
        _landed_at as landed_at,
        _source_file as source_file,
        _source_line as source_line,
        _source_offset as source_offset
{%- endmacro %}

{% macro first_copies(own_columns) %}
    {#
        The rows of the CTE `renamed` that are the first copy of their event: of several copies the one with the earliest
        received_at, among equals the one with the smallest source path, line and offset. In an incremental run only those
        that the table does not hold yet, or holds a later copy of. An event that happened after the day `as_of` is none, even
        where another copy of it tells an earlier time.
    #}
    {%- set columns = [
        'event_id', 'occurred_at', 'event_date', 'received_at', 'client_id', 'user_id', 'device_id', 'country_code', 'platform',
        'app_version', 'region',
    ] + own_columns + ['extra_fields', 'landed_at', 'source_file', 'source_line', 'source_offset'] %}
    select
        {%- for column in columns %}
        arrived.{{ column }}{{ ',' if not loop.last }}
        {%- endfor %}
    from (
        select
            renamed.*,
            row_number() over (
                partition by renamed.event_id
                order by
                    renamed.received_at asc nulls last,
                    renamed.source_file asc nulls last,
                    renamed.source_line asc nulls last,
                    renamed.source_offset asc nulls last
            ) as copy_number
        from renamed
    ) as arrived
    {%- if adds_to_known() %}
    left join {{ this }} as known on arrived.event_id = known.event_id
    {%- endif %}
    where
        arrived.copy_number = 1
        and {{ until_as_of('arrived.event_date') }}
        {%- if adds_to_known() %}
        and (
            known.event_id is null
            or arrived.received_at < known.received_at
            or (
                arrived.received_at = known.received_at
                and (
                    arrived.source_file < known.source_file
                    or (arrived.source_file = known.source_file and arrived.source_line < known.source_line)
                    or (
                        arrived.source_file = known.source_file
                        and arrived.source_line = known.source_line
                        and arrived.source_offset < known.source_offset
                    )
                )
            )
        )
        {%- endif %}
{%- endmacro %}

{% macro newly_landed() %}
    {# Condition on a raw event table: what landed since the model was last built; everything where it can't be added. #}
    {%- set dates = rebuild_dates() -%}
    {%- if dates is not none and adds_to_known() -%}
        {{ in_dates('event_date', dates) }} and _landed_at > timestamp '{{ seen_landed_at() }}'
    {%- else -%}
        1 = 1
    {%- endif -%}
{%- endmacro %}

{% macro occurred_at(event_time, sent_time, received_at) %}
    {# When it happened: a producer's wrong clock cancels out where the record says when it was sent; never after it was received. #}
    least(
            case
                when {{ sent_time }} >= {{ event_time }} then {{ minus_span(received_at, sent_time, event_time) }}
                else {{ event_time }}
            end,
            {{ received_at }}
        )
{%- endmacro %}

{% macro minus_span(moment, later, earlier) %}
    {#- moment - (later - earlier), to the microsecond. -#}
    {{ return(adapter.dispatch('minus_span')(moment, later, earlier)) }}
{%- endmacro %}

{% macro duckdb__minus_span(moment, later, earlier) -%}
    {{ moment }} - ({{ later }} - {{ earlier }})
{%- endmacro %}

{% macro redshift__minus_span(moment, later, earlier) -%}
    {#- Whole days and the rest apart: dateadd takes no more than a 32-bit number of microseconds' days. -#}
    dateadd(
                microsecond, -datediff(microsecond, dateadd(day, datediff(day, {{ earlier }}, {{ later }}), {{ earlier }}), {{ later }}),
                dateadd(day, -datediff(day, {{ earlier }}, {{ later }}), {{ moment }})
            )
{%- endmacro %}
