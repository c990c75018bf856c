with engagement as (
    select date_day, scope_type, scope_value, show_id, engagement, listeners
    from {{ ref('int_show_engagement_daily') }}
),

-- what a day adds to itself, and to the expectation of each of the 7 days after it
contributions as (
    select date_day, scope_type, scope_value, show_id, engagement as recent, 0 as earlier, listeners
    from engagement
    union all
    select
        engagement.date_day + cast(days.generated_number as integer) as date_day,
        engagement.scope_type,
        engagement.scope_value,
        engagement.show_id,
        0 as recent,
        engagement.engagement as earlier,
        0 as listeners
    from engagement
    cross join ({{ dbt.generate_series(7) }}) as days
),

compared as (
    select
        date_day,
        scope_type,
        scope_value,
        show_id,
        cast(sum(recent) as double precision) as recent_engagement,
        cast(sum(earlier) as double precision) / 7.0 as expected_engagement,
        cast(sum(listeners) as bigint) as listeners
    from contributions
    group by date_day, scope_type, scope_value, show_id
),

enough as (
    select * from compared
    where listeners >= {{ var('trending_min_listeners') | int }}
),

-- a show has one category, so in its category its numbers are those over all; only its rank is another
scoped as (
    select date_day, scope_type, scope_value, show_id, recent_engagement, expected_engagement, listeners
    from enough
    union all
    select
        enough.date_day,
        'category' as scope_type,
        coalesce(shows.category, 'unknown') as scope_value,
        enough.show_id,
        enough.recent_engagement,
        enough.expected_engagement,
        enough.listeners
    from enough
    left join {{ ref('dim_shows') }} as shows on enough.show_id = shows.show_id
    where enough.scope_type = 'all'
),

scored as (
    select
        scoped.*,
        (recent_engagement - expected_engagement) / sqrt(expected_engagement + 1.0) as trend_score
    from scoped
)

select
    date_day,
    scope_type,
    scope_value,
    show_id,
    recent_engagement,
    expected_engagement,
    trend_score,
    listeners,
    row_number() over (
        partition by date_day, scope_type, scope_value
        order by trend_score desc nulls last, recent_engagement desc nulls last, show_id asc nulls last
    ) as rank
from scored
