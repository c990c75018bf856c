-- The trending list is shown as a chart: in each scope and day the ranks are 1, 2, 3 … without a gap or a tie, better
-- scores stand higher, and no show is there that too few people listened to.

with ranked as (
    select
        date_day,
        scope_type,
        scope_value,
        show_id,
        rank,
        trend_score,
        listeners,
        row_number() over (
            partition by date_day, scope_type, scope_value order by rank asc nulls last, show_id asc nulls last
        ) as place,
        lag(trend_score) over (
            partition by date_day, scope_type, scope_value order by rank asc nulls last, show_id asc nulls last
        ) as score_above
    from {{ ref('fct_trending_shows') }}
)

select
    date_day,
    scope_type,
    scope_value,
    show_id
from ranked
where
    rank <> place
    or trend_score > score_above
    or listeners < {{ var('trending_min_listeners') | int }}
