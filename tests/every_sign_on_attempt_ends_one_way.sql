-- Failure rates are quoted to music services: every attempt is a success, a failure or a cancellation, and none that
-- was told is missing.

with counted as (
    select coalesce(cast(sum(attempts) as bigint), 0) as attempts
    from {{ ref('fct_music_service_signons_daily') }}
),

told as (
    select count(*) as attempts from {{ ref('stg_events__music_service_auth') }}
),

unbalanced as (
    select count(*) as row_count
    from {{ ref('fct_music_service_signons_daily') }}
    where attempts <> successes + failures + cancellations or users_signed_on > successes
)

select
    counted.attempts as attempts_counted,
    told.attempts as attempts_told,
    unbalanced.row_count as unbalanced_rows
from counted
cross join told
cross join unbalanced
where counted.attempts <> told.attempts or unbalanced.row_count > 0
