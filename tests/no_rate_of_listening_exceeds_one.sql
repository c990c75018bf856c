-- Skip rates and shares of valid listens are quoted to creators: of the plays of a row no more can be skipped or heard
-- than were started, nobody listened where nothing was heard, and no row is there for nothing.

select
    date_day,
    client_id,
    country_code,
    device_model,
    music_source,
    content_type,
    genre
from {{ ref('fct_listening_daily') }}
where
    hours_listened < 0
    or valid_listens not between 0 and plays_started
    or skips not between 0 and plays_started
    or listeners < 0
    or (listeners > 0 and hours_listened = 0)
    or (hours_listened = 0 and plays_started = 0)
