-- Words of few people can tell who spoke them: none may be shown, and nothing may be said more often in vain than
-- fct_voice_daily counts in vain that month with that client and in that language.

with in_vain as (
    select
        cast(date_trunc('month', date_day) as date) as month_start,
        client_id,
        language,
        cast(sum(misunderstood + unsupported) as bigint) as times
    from {{ ref('fct_voice_daily') }}
    group by cast(date_trunc('month', date_day) as date), client_id, language
),

shown as (
    select
        month_start,
        client_id,
        language,
        min(users) as fewest_users,
        cast(sum(times) as bigint) as times
    from {{ ref('fct_voice_unrecognised') }}
    group by month_start, client_id, language
)

select
    shown.month_start,
    shown.client_id,
    shown.language
from shown
left join in_vain
    on
        shown.month_start = in_vain.month_start
        and shown.client_id = in_vain.client_id
        and shown.language = in_vain.language
where
    shown.fewest_users < {{ var('min_group_users') | int }}
    or shown.times > coalesce(in_vain.times, 0)
