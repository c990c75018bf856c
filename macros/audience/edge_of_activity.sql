{% macro edge_of_activity(edge, dates) %}
    {#-
        For int_user_firsts and int_user_lasts: each user's `first` or `last` day of activity in each client scope. Of a first
        day the country is that of the first activity (the smallest code where several are equally first).

        Where only some dates are made anew, the day is found among them, or it is the known one; but of users whose known day
        is one of these dates, and who are no longer active on it, all activity is searched.
    -#}
    with activity as (
        select
            activity.user_id,
            {{ in_client_scope('activity') }},
            activity.country_code,
            activity.date_day,
            activity.first_occurred_at
        from {{ builtins.ref('fct_user_activity_daily') }} as activity
        cross join ({{ client_scopes() }}) as scopes
        where {{ in_dates('activity.date_day', dates) }}
    ),

    {% if dates is not none %}
    lost as (
        select distinct known.user_id
        from {{ this }} as known
        left join activity
            on
                known.user_id = activity.user_id
                and known.partner_id = activity.partner_id
                and known.client_id = activity.client_id
                and known.date_day = activity.date_day
        where {{ in_dates('known.date_day', dates) }} and activity.user_id is null
    ),

    searched as (
        select
            activity.user_id,
            {{ in_client_scope('activity') }},
            activity.country_code,
            activity.date_day,
            activity.first_occurred_at
        from {{ builtins.ref('fct_user_activity_daily') }} as activity
        inner join lost on activity.user_id = lost.user_id
        cross join ({{ client_scopes() }}) as scopes
    ),
    {% endif %}

    ranked as (
        select
            found.*,
            row_number() over (
                partition by found.user_id, found.partner_id, found.client_id
                order by
                    found.date_day {{ 'asc' if edge == 'first' else 'desc' }} nulls last,
                    found.first_occurred_at asc nulls last,
                    found.country_code asc nulls last
            ) as place
        from (
            select * from activity
            {% if dates is not none %}
            union all
            select * from searched
            {% endif %}
        ) as found
    )

    select
        ranked.user_id,
        ranked.partner_id,
        ranked.client_id,
        ranked.country_code,
        ranked.date_day
    from ranked
    {% if dates is not none %}
    left join {{ this }} as known
        on
            ranked.user_id = known.user_id
            and ranked.partner_id = known.partner_id
            and ranked.client_id = known.client_id
    {% endif %}
    where
        ranked.place = 1
        {% if dates is not none %}
        and (
            known.user_id is null
            or {{ in_dates('known.date_day', dates) }}
            or ranked.date_day {{ '<' if edge == 'first' else '>' }} known.date_day
        )
        {% endif %}
{%- endmacro %}

{% macro on_rebuilt_dates() -%}
    {#- For the strategy replace_keys: rows whose date is made anew. -#}
    {{ in_dates('date_day', rebuild_dates()) }}
{%- endmacro %}
