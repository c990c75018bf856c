-- People are counted once in totals. A total below its largest part, or above the sum of its parts, is a wrong number;
-- so is a total without parts, or the other way round. Parts are the clients of a partner, all partners, all countries.

with actives as (
    select * from {{ ref('fct_active_users_daily') }}
),

parts as (
    select 'clients' as of_what, date_day, partner_id, 'all' as client_id, country_code, activity, dau, wau, mau
    from actives
    where actives.client_id <> 'all'
    union all
    select 'partners' as of_what, date_day, 'all' as partner_id, client_id, country_code, activity, dau, wau, mau
    from actives
    where actives.client_id = 'all' and actives.partner_id <> 'all'
    union all
    select 'countries' as of_what, date_day, partner_id, client_id, 'all' as country_code, activity, dau, wau, mau
    from actives
    where actives.country_code <> 'all'
),

expected as (
    select
        date_day,
        partner_id,
        client_id,
        country_code,
        activity,
        of_what,
        max(dau) as largest_dau,
        sum(dau) as sum_dau,
        max(wau) as largest_wau,
        sum(wau) as sum_wau,
        max(mau) as largest_mau,
        sum(mau) as sum_mau
    from parts
    group by date_day, partner_id, client_id, country_code, activity, of_what
),

totals as (
    select *, 'clients' as of_what from actives
    where client_id = 'all' and partner_id <> 'all'
    union all
    select *, 'partners' as of_what from actives
    where partner_id = 'all'
    union all
    select *, 'countries' as of_what from actives
    where country_code = 'all'
)

select
    coalesce(totals.date_day, expected.date_day) as date_day,
    coalesce(totals.partner_id, expected.partner_id) as partner_id,
    coalesce(totals.client_id, expected.client_id) as client_id,
    coalesce(totals.country_code, expected.country_code) as country_code,
    coalesce(totals.of_what, expected.of_what) as of_what
from totals
full outer join expected
    on
        totals.date_day = expected.date_day
        and totals.partner_id = expected.partner_id
        and totals.client_id = expected.client_id
        and totals.country_code = expected.country_code
        and totals.activity = expected.activity
        and totals.of_what = expected.of_what
where
    totals.date_day is null
    or expected.date_day is null
    or totals.dau not between expected.largest_dau and expected.sum_dau
    or totals.wau not between expected.largest_wau and expected.sum_wau
    or totals.mau not between expected.largest_mau and expected.sum_mau
