-- People are counted once in totals. A total below its largest part, or above the sum of its parts, is a wrong number.

with clients as (
    select
        date_day,
        country_code,
        activity,
        max(dau) as largest_dau,
        cast(sum(dau) as bigint) as sum_dau,
        max(mau) as largest_mau,
        cast(sum(mau) as bigint) as sum_mau
    from {{ ref('fct_active_users_daily') }}
    where client_id <> 'all'
    group by date_day, country_code, activity
)

select
    totals.date_day,
    totals.country_code,
    totals.activity
from {{ ref('fct_active_users_daily') }} as totals
left join clients
    on
        totals.date_day = clients.date_day
        and totals.country_code = clients.country_code
        and totals.activity = clients.activity
where
    totals.partner_id = 'all'
    and (
        clients.date_day is null
        or totals.dau not between clients.largest_dau and clients.sum_dau
        or totals.mau not between clients.largest_mau and clients.sum_mau
    )
