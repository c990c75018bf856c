-- Creators are judged by what is completed: no play is more than complete or ends before it began, it belongs to the
-- day on which it started, and whether it counts as heard is the rule of 30 seconds or half.

select play_id
from {{ ref('fct_plays') }}
where
    completion not between 0 and 1
    or (completion is null) <> (duration_seconds is null)
    or seconds_listened < 0
    or ended_at < started_at
    or date_day <> cast(started_at as date)
    or is_valid_listen <> (seconds_listened >= 30 or coalesce(seconds_listened >= duration_seconds * 0.5, false))
