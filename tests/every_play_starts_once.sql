-- Plays started must be countable from either table: each play stands in the listening mart exactly once.

with made as (
    select count(*) as plays_made from {{ ref('fct_plays') }}
),

listened as (
    select coalesce(cast(sum(plays_started) as bigint), 0) as plays_started from {{ ref('fct_listening_daily') }}
)

select
    made.plays_made,
    listened.plays_started
from made
cross join listened
where made.plays_made <> listened.plays_started
