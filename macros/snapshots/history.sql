{#
    What dbt's snapshots need beside themselves. A snapshot applies the newest dump, or the newest message of each key. When
    that is not all that has arrived (the first build, several dumps at once, a dump or message older than what is known), its
    history is made anew, set-based, from all dumps or messages: the rows are those that applying them one by one would give.
    Times of versions are the source's own, never the clock's.

    `meta.history` of a snapshot says what its source holds: `dumps` (whole tables at a time; a key that is missing was
    deleted) or `messages` (rows as they were at their own time, with is_deleted). `meta.untracked` names columns that are
    kept as they were when the version began and make no new version.
#}

{% macro staging_of(snapshot) %}
    {{ return(graph.nodes[snapshot.depends_on.nodes | select('in', graph.nodes) | first]) }}
{% endmacro %}

{% macro history_source() %}
    {{ return(staging_of(model).relation_name) }}
{% endmacro %}

{% macro history_kind() %}
    {{ return(config.get('meta').history) }}
{% endmacro %}

{% macro newest_dump_at() %}
    {# Export time of the newest dump as text; empty when there is none. #}
    {% set newest = ask_once('select max(snapshot_at) from (' ~ history_dumps() ~ ') as dumps').columns[0].values()[0] %}
    {{ return(newest | string if newest else '') }}
{% endmacro %}

{% macro snapshot_time_of_source() %}
    {# dbt asks for the time of a deletion: it is the time of the dump in which the key is missing. #}
    {% set newest = newest_dump_at() if history_kind() == 'dumps' else '' %}
    {{ return("cast('" ~ newest ~ "' as timestamp)" if newest else 'cast(null as timestamp)') }}
{% endmacro %}

{% macro duckdb__snapshot_get_time() %}{{ return(snapshot_time_of_source()) }}{% endmacro %}

{% macro redshift__snapshot_get_time() %}{{ return(snapshot_time_of_source()) }}{% endmacro %}

{% macro guard_history() %}
    {# Pre-hook: refuses to delete everybody because the dumps are not there, and to go back in time. #}
    {% if execute and history_kind() == 'dumps' and load_relation(this) is not none %}
        {% set known = run_query("select max(dump_at) from " ~ bookkeeping('applied_dumps') ~ " where snapshot_name = '" ~ model.name ~ "'").columns[0].values()[0] %}
        {% set newest = newest_dump_at() %}
        {% if known and (known | string) > newest %}
            {% do exceptions.raise_compiler_error(
                model.name ~ " has applied the dump of " ~ known ~ ", but the newest that " ~ history_source() ~ " holds is "
                ~ (newest or 'none') ~ "; land the missing dumps, or name another EARSHOT_WAREHOUSE to build an older state."
            ) %}
        {% endif %}
    {% endif %}
    {{ return('') }}
{% endmacro %}

{% macro complete_history() %}
    {# Post-hook: makes the history anew when applying the newest state was not enough, and remembers the dumps applied. #}
    {% if not execute %}{{ return('') }}{% endif %}
    {% if needs_new_history() %}
        {% do log(model.name ~ ': history made anew from all ' ~ history_kind(), info=true) %}
        {% do run_query('delete from ' ~ this) %}
        {% do run_query('insert into ' ~ this ~ history_sql()) %}
    {% endif %}
    {% if history_kind() == 'dumps' %}
        insert into {{ bookkeeping('applied_dumps') }} (snapshot_name, dump_at)
        select '{{ model.name }}', dumps.snapshot_at
        from ({{ history_dumps() }}) as dumps
        where not exists (
            select 1 from {{ bookkeeping('applied_dumps') }} as applied
            where applied.snapshot_name = '{{ model.name }}' and applied.dump_at = dumps.snapshot_at
        );
    {% endif %}
    {{ record_build() }}
{% endmacro %}

{% macro needs_new_history() %}
    {% if var('rebuild_snapshots') or ask_once('select ' ~ seen_build_sql()).columns[0].values()[0] == 0 %}{{ return(true) }}{% endif %}
    {% set changed = changed_dates() %}
    {% if changed is none %}{{ return(true) }}{% endif %}
    {% if not changed %}{{ return(false) }}{% endif %}
    {% if history_kind() == 'dumps' %}
        {% set newest = newest_dump_at() %}
        {% set sql %}
            select
                count(case when applied.dump_at is null and dumps.snapshot_at < timestamp '{{ newest }}' then 1 end) as older,
                count(case when applied.dump_at is not null and cast(dumps.snapshot_at as date) = date '{{ newest[:10] }}' then 1 end) as known_that_day
            from ({{ history_dumps() }}) as dumps
            left join {{ bookkeeping('applied_dumps') }} as applied
                on applied.snapshot_name = '{{ model.name }}' and dumps.snapshot_at = applied.dump_at
        {% endset %}
        {% set found = run_query(sql).rows[0] %}
        {{ return(changed != [newest[:10]] or found[0] > 0 or found[1] > 0) }}
    {% endif %}
    {% set key = config.get('unique_key') if config.get('unique_key') is not string else [config.get('unique_key')] %}
    {% set sql %}
        select
            (
                select count(*)
                from {{ history_source() }} as arrived
                where
                    arrived.landed_at > timestamp '{{ seen_landed_at() }}'
                    and exists (
                        select 1 from {{ history_source() }} as later
                        where {% for column in key %}later.{{ column }} = arrived.{{ column }} and {% endfor %}later.updated_at > arrived.updated_at
                    )
            ) + (
                select count(*) from {{ this }} where dbt_valid_to <= dbt_valid_from
            ) + (
                {# a file that was landed again took the message of a version away #}
                select count(*) from {{ this }} as version
                where
                    not exists (
                        select 1 from {{ history_source() }} as message
                        where {% for column in key %}message.{{ column }} = version.{{ column }} and {% endfor %}message.updated_at = version.dbt_updated_at
                    )
            ) as out_of_order
    {% endset %}
    {{ return(run_query(sql).columns[0].values()[0] > 0) }}
{% endmacro %}
