-- Which genres are skipped, and does it depend on where the music comes from? The newest 28 complete days;
-- cells with fewer than 30 plays are left out, their rates would be chance.

with days as (
    select max(date_day) - 27 as first_day, max(date_day) as last_day
    from {{ ref('fct_active_users_daily') }}
    where is_complete
),

cells as (
    select
        listening.genre,
        listening.music_source,
        cast(sum(listening.plays_started) as bigint) as plays_started,
        cast(sum(listening.skips) as bigint) as skips
    from {{ ref('fct_listening_daily') }} as listening
    inner join days on listening.date_day between days.first_day and days.last_day
    group by listening.genre, listening.music_source
),

compared as (
    select
        cells.*,
        cast(sum(plays_started) over (partition by genre) as double precision) as plays_of_genre,
        cast(sum(skips) over (partition by genre) as double precision) as skips_of_genre
    from cells
)

select
    genre,
    music_source,
    plays_started,
    skips,
    cast(skips as double precision) / cast(plays_started as double precision) as skip_rate,
    skips_of_genre / plays_of_genre as genre_skip_rate
from compared
where plays_started >= 30
order by skip_rate desc nulls last, genre asc nulls last, music_source asc nulls last
