-- Do people open less when they are sent more? By client and complete week: messages per active user of that week, and
-- which share of them was opened or dismissed. Plot one against the other. Openings are those so far, so the newest
-- weeks can still rise.

with complete as (
    select max(date_day) as last_day
    from {{ ref('fct_active_users_daily') }}
    where is_complete
),

weekly as (
    select
        cast(date_trunc('week', date_day) as date) as week_start,
        client_id,
        cast(sum(sent) as bigint) as sent,
        cast(sum(opened) as bigint) as opened,
        cast(sum(dismissed) as bigint) as dismissed
    from {{ ref('fct_notification_funnel_daily') }}
    group by cast(date_trunc('week', date_day) as date), client_id
)

select
    weekly.week_start,
    weekly.client_id,
    weekly.sent,
    actives.wau as active_users,
    cast(weekly.sent as double precision) / nullif(cast(actives.wau as double precision), 0) as sent_per_user,
    cast(weekly.opened as double precision) / cast(weekly.sent as double precision) as open_rate,
    cast(weekly.dismissed as double precision) / cast(weekly.sent as double precision) as dismiss_rate
from weekly
inner join complete on weekly.week_start <= complete.last_day - 6
left join {{ ref('fct_active_users_daily') }} as actives
    on
        weekly.client_id = actives.client_id
        and actives.date_day = weekly.week_start + 6
        and actives.country_code = 'all'
        and actives.activity = 'any'
order by weekly.week_start desc nulls last, weekly.client_id asc nulls last
