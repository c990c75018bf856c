-- Apps are designed by these numbers: every view that was told is in exactly one row, every one that came from another
-- is one transition, and a screen has no more transitions to it than views.

with told as (
    select
        count(*) as views,
        count(nullif(previous_screen, '')) as transitions
    from {{ ref('stg_events__navigation') }}
),

screens as (
    select coalesce(cast(sum(views) as bigint), 0) as views
    from {{ ref('fct_screen_engagement_daily') }}
),

ways as (
    select coalesce(cast(sum(transitions) as bigint), 0) as transitions
    from {{ ref('fct_screen_transitions_daily') }}
),

views_of_screens as (
    select date_day, client_id, screen, cast(sum(views) as bigint) as views
    from {{ ref('fct_screen_engagement_daily') }}
    group by date_day, client_id, screen
),

ways_to_screens as (
    select date_day, client_id, to_screen, cast(sum(transitions) as bigint) as transitions
    from {{ ref('fct_screen_transitions_daily') }}
    group by date_day, client_id, to_screen
),

too_many as (
    select count(*) as row_count
    from ways_to_screens
    left join views_of_screens
        on
            ways_to_screens.date_day = views_of_screens.date_day
            and ways_to_screens.client_id = views_of_screens.client_id
            and ways_to_screens.to_screen = views_of_screens.screen
    where ways_to_screens.transitions > coalesce(views_of_screens.views, 0)
)

select
    told.views as views_told,
    screens.views as views_counted,
    told.transitions as transitions_told,
    ways.transitions as transitions_counted,
    too_many.row_count as screens_with_too_many
from told
cross join screens
cross join ways
cross join too_many
where told.views <> screens.views or told.transitions <> ways.transitions or too_many.row_count > 0
