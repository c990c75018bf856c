{#
    A dump in which half of the fleet is missing deletes half of the fleet, and the next one registers it anew. So before a
    build changes anything, each dump that has arrived since is compared with the one before it in time. A dump that a
    snapshot has applied stays accepted, whatever arrives beside it later.
#}

{% macro guard_dumps() %}
    {# At the start of a run, when the raw views stand: stops it when a dump that it would apply is suspiciously small. #}
    {% if not execute or flags.WHICH not in ['build', 'run', 'snapshot'] or var('smallest_dump_share') | float == 0 %}{{ return('') }}{% endif %}
    {% for snapshot in graph.nodes.values() if snapshot.resource_type == 'snapshot' and snapshot.config.meta.history == 'dumps' %}
        {% set staging = staging_of(snapshot) %}
        {% if snapshot.unique_id in selected_resources or staging.unique_id in selected_resources %}
            {% do guard_dumps_of(graph.sources[staging.depends_on.nodes[0]], snapshot.name) %}
        {% endif %}
    {% endfor %}
    {{ return('') }}
{% endmacro %}

{% macro guard_dumps_of(source, snapshot_name) %}
    {% set dates = dates_of_new_dumps(source, snapshot_name) %}
    {% if not dates %}{{ return('') }}{% endif %}
    {% set sql %}
        select sized.dump_at, sized.items, sized.before_at, sized.items_before
        from (
            select
                dump_at,
                items,
                lag(dump_at) over (order by dump_at asc nulls last) as before_at,
                lag(items) over (order by dump_at asc nulls last) as items_before
            from (
                select counted.dump_at, max(counted.items) as items
                from (
                    select _snapshot_at as dump_at, count(distinct id) as items
                    from {{ source.relation_name }}
                    where {{ in_dates('snapshot_date', dates) }} and {{ until_as_of('snapshot_date') }}
                    group by _snapshot_at
                    union all
                    select snapshot_at as dump_at, 0 as items
                    from ({{ emptied_dumps(source.name) }}) as emptied
                    where {{ in_dates('cast(snapshot_at as date)', dates) }}
                ) as counted
                group by counted.dump_at
            ) as dumps
        ) as sized
        left join {{ bookkeeping('applied_dumps') }} as applied
            on applied.snapshot_name = '{{ snapshot_name }}' and sized.dump_at = applied.dump_at
        where applied.dump_at is null
        order by sized.dump_at asc nulls last
    {% endset %}
    {% for dump_at, items, before_at, items_before in run_query(sql).rows %}
        {% if items_before and items_before >= var('smallest_dump_share_from') | int and items < var('smallest_dump_share') | float * (items_before | float) %}
            {% do exceptions.raise_compiler_error(
                "The dump of " ~ source.name ~ " of " ~ dump_at ~ " has " ~ items ~ " rows, the one before it, of " ~ before_at ~ ", has " ~ items_before
                ~ "; land the complete one (`earshot land --reland PATH`), or, if so many are gone, accept it in one build with --vars '{smallest_dump_share: 0}'."
            ) %}
        {% endif %}
    {% endfor %}
{% endmacro %}

{% macro dates_of_new_dumps(source, snapshot_name) %}
    {# The dates on which dumps arrived that the snapshot has not applied, and those of the applied dumps just before. #}
    {% set seen = seen_landed_at(snapshot_name) %}
    {% set sql %}
        select arrived.date_day, max(applied.dump_at) as before_at
        from {{ builtins.source('lake', 'load_dates') }} as arrived
        left join {{ bookkeeping('applied_dumps') }} as applied
            on applied.snapshot_name = '{{ snapshot_name }}' and applied.dump_at < arrived.date_day
        where
            arrived.load_date >= date '{{ seen[:10] }}' and arrived.landed_at > timestamp '{{ seen }}'
            and arrived.dataset = '{{ source.name }}'
        group by arrived.date_day
    {% endset %}
    {% set dates = [] %}
    {% for date_day, before_at in run_query(sql).rows %}
        {% do dates.append((date_day | string)[:10]) %}
        {% if before_at %}{% do dates.append((before_at | string)[:10]) %}{% endif %}
    {% endfor %}
    {{ return(dates | unique | sort | list) }}
{% endmacro %}
