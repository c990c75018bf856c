-- Plays started must be countable from either table: each play stands in the listening mart exactly once.

select
    plays.plays as plays,
    listening.plays as plays_in_listening
from (select count(*) as plays from {{ ref('fct_plays') }}) as plays
cross join (select coalesce(cast(sum(plays_started) as bigint), 0) as plays from {{ ref('fct_listening_daily') }}) as listening
where plays.plays <> listening.plays
