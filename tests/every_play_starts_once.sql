-- Plays must be countable from either table: each play stands in the listening mart exactly once, with how it ended and
-- whether it was really heard.

with made as (
    select
        count(*) as plays_started,
        coalesce(cast(sum(case when is_valid_listen then 1 else 0 end) as bigint), 0) as valid_listens,
        coalesce(cast(sum(case when end_reason = 'skip' then 1 else 0 end) as bigint), 0) as skips
    from {{ ref('fct_plays') }}
),

listened as (
    select
        coalesce(cast(sum(plays_started) as bigint), 0) as plays_started,
        coalesce(cast(sum(valid_listens) as bigint), 0) as valid_listens,
        coalesce(cast(sum(skips) as bigint), 0) as skips
    from {{ ref('fct_listening_daily') }}
)

select
    made.plays_started as plays_made,
    listened.plays_started as plays_counted,
    made.valid_listens as listens_made,
    listened.valid_listens as listens_counted,
    made.skips as skips_made,
    listened.skips as skips_counted
from made
cross join listened
where
    made.plays_started <> listened.plays_started
    or made.valid_listens <> listened.valid_listens
    or made.skips <> listened.skips
