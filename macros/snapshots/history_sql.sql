{% macro history_sql() %}
    {# The whole history in one pass, in the columns of the snapshot's table. #}
    {% set key = config.get('unique_key') if config.get('unique_key') is not string else [config.get('unique_key')] %}
    {% set tracked = config.get('check_cols') %}
    {% set moment = config.get('updated_at') %}
    {% set of_dumps = history_kind() == 'dumps' %}
    {% set untracked = [moment] + config.get('meta').get('untracked', []) %}
    {% set columns = key + tracked + untracked %}
    ({{ (columns + ['dbt_scd_id', 'dbt_updated_at', 'dbt_valid_from', 'dbt_valid_to'] + (['dbt_is_deleted'] if of_dumps else [])) | join(', ') }})
    with
    {% if of_dumps %}
    dumps as (
        select
            snapshot_at,
            lead(snapshot_at) over (order by snapshot_at asc nulls last) as next_dump_at
        from ({{ history_dumps() }}) as times
    ),

    present as (
        select
            source.*,
            dumps.next_dump_at,
            lead(source.snapshot_at) over (partition by {{ key | join(', ') }} order by source.snapshot_at asc nulls last) as next_seen_at
        from {{ history_source() }} as source
        inner join dumps on source.snapshot_at = dumps.snapshot_at
    ),

    states as (
        select {{ columns | join(', ') }}, snapshot_at as valid_from, false as is_gone
        from present
        union all
        select {{ columns | join(', ') }}, next_dump_at as valid_from, true as is_gone
        from present
        where next_dump_at is not null and (next_seen_at is null or next_seen_at > next_dump_at)
    ),
    {% else %}
    states as (
        select {{ columns | join(', ') }}, {{ moment }} as valid_from, false as is_gone
        from {{ history_source() }}
    ),
    {% endif %}

    compared as (
        select
            states.*,
            {% for column in tracked %}
            lag({{ column }}) over (partition by {{ key | join(', ') }} order by valid_from asc nulls last) as previous_{{ column }},
            {% endfor %}
            lag(is_gone) over (partition by {{ key | join(', ') }} order by valid_from asc nulls last) as previous_is_gone
        from states
    ),

    versions as (
        select
            compared.*,
            lead(valid_from) over (partition by {{ key | join(', ') }} order by valid_from asc nulls last) as valid_to,
            {% for column in untracked %}
            lag({{ column }}) over (partition by {{ key | join(', ') }} order by valid_from asc nulls last) as previous_{{ column }}{{ ',' if not loop.last }}
            {% endfor %}
        from compared
        where
            previous_is_gone is null
            or is_gone <> previous_is_gone
            {% for column in tracked %}
            or {{ column }} <> previous_{{ column }}
            or ({{ column }} is null and previous_{{ column }} is not null)
            or ({{ column }} is not null and previous_{{ column }} is null)
            {% endfor %}
    )

    select
        {{ (key + tracked) | join(', ') }},
        {% for column in untracked %}
        case when is_gone then previous_{{ column }} else {{ column }} end as {{ column }},
        {% endfor %}
        case
            when is_gone then {{ snapshot_hash_arguments([snapshot_hash_arguments(key + ['previous_' ~ moment]), 'valid_from']) }}
            else {{ snapshot_hash_arguments(key + ['valid_from']) }}
        end as dbt_scd_id,
        valid_from as dbt_updated_at,
        valid_from as dbt_valid_from,
        valid_to as dbt_valid_to
        {% if of_dumps %}, case when is_gone then 'True' else 'False' end as dbt_is_deleted{% endif %}
    from versions
{% endmacro %}
