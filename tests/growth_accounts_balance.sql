-- Growth is an account: who is active is new, retained or resurrected; who was active in the period before is retained
-- or churned; by the newest period everybody ever active was new once; and a day's active users are its dau.

with growth as (
    select
        *,
        lag(active_users) over (
            partition by period_type, partner_id, client_id order by period_start asc nulls last
        ) as active_before
    from {{ ref('fct_user_growth') }}
),

unbalanced as (
    select period_type, period_start, partner_id, client_id
    from growth
    where
        active_users <> new_users + retained_users + resurrected_users
        or retained_users + churned_users <> coalesce(active_before, 0)
),

firsts as (
    select
        partner_id,
        client_id,
        count(*) as users
    from {{ ref('int_user_firsts') }}
    group by partner_id, client_id
),

everybody as (
    select
        growth.period_type,
        max(growth.period_start) as period_start,
        growth.partner_id,
        growth.client_id
    from growth
    left join firsts on growth.partner_id = firsts.partner_id and growth.client_id = firsts.client_id
    group by growth.period_type, growth.partner_id, growth.client_id
    having sum(growth.new_users) <> coalesce(max(firsts.users), 0)
),

days as (
    select
        growth.period_type,
        growth.period_start,
        growth.partner_id,
        growth.client_id
    from growth
    left join {{ ref('fct_active_users_daily') }} as actives
        on
            growth.period_start = actives.date_day
            and growth.partner_id = actives.partner_id
            and growth.client_id = actives.client_id
            and actives.country_code = 'all'
            and actives.activity = 'any'
    where growth.period_type = 'day' and growth.active_users <> coalesce(actives.dau, 0)
)

select * from unbalanced
union all
select * from everybody
union all
select * from days
