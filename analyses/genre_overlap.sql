-- Who hears a genre, what else do they hear? Pairs of genres in the newest 28 complete days: which share of the one's
-- listeners hears the other too, and how many times as likely that is as for anybody. A listener is somebody with a
-- valid listen; pairs with fewer than 5 common listeners are left out.

with days as (
    select max(date_day) - 27 as first_day, max(date_day) as last_day
    from {{ ref('fct_active_users_daily') }}
    where is_complete
),

heard as (
    select distinct plays.user_id, plays.genre
    from {{ ref('fct_plays') }} as plays
    inner join days on plays.date_day between days.first_day and days.last_day
    where plays.is_valid_listen and plays.user_id is not null and plays.genre <> 'unknown'
),

genres as (
    select genre, cast(count(*) as double precision) as listeners
    from heard
    group by genre
),

people as (
    select cast(count(distinct user_id) as double precision) as listeners
    from heard
),

pairs as (
    select
        one.genre,
        other.genre as other_genre,
        count(*) as common_listeners
    from heard as one
    inner join heard as other on one.user_id = other.user_id and one.genre <> other.genre
    group by one.genre, other.genre
)

select
    pairs.genre,
    pairs.other_genre,
    pairs.common_listeners,
    cast(pairs.common_listeners as double precision) / genres.listeners as share_of_listeners,
    cast(pairs.common_listeners as double precision) * people.listeners / (genres.listeners * others.listeners)
        as times_as_likely
from pairs
inner join genres on pairs.genre = genres.genre
inner join genres as others on pairs.other_genre = others.genre
cross join people
where pairs.common_listeners >= 5
order by times_as_likely desc nulls last, pairs.genre asc nulls last, pairs.other_genre asc nulls last
