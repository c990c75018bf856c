{# When the dumps of a table were exported, also those that no row tells of. #}

{% macro dump_times(table, relation) %}
    {#- SQL of a query: when the dumps of a table were exported, those in `relation` and those that no item is left in. -#}
    select snapshot_at from {{ relation }}
    union
    {{ emptied_dumps(table) }}
{%- endmacro %}

{% macro emptied_dumps(table) %}
    {#-
        SQL of a query: when incremental exports deleted the last items of a table. Such a dump has no rows to tell its time. A
        full export without items is none: it is taken for a failed one.
    -#}
    select emptied.snapshot_at
    from {{ builtins.source('lake', 'states') }} as emptied
    where
        emptied.dataset = '{{ table }}'
        and emptied.records = 0
        and emptied.records_before > 0
        and {{ until_as_of('emptied.snapshot_at') }}
        and not exists (
            select 1
            from {{ builtins.source('lake', 'states') }} as later
            where
                later.dataset = emptied.dataset
                and later.snapshot_id = emptied.snapshot_id
                and later.snapshot_at = emptied.snapshot_at
                and later.landed_at > emptied.landed_at
        )
{%- endmacro %}

{% macro history_dumps() %}
    {# SQL of a query: when the dumps of a snapshot's source were exported. #}
    {{ return(dump_times(graph.sources[staging_of(model).depends_on.nodes[0]].name, history_source())) }}
{% endmacro %}
