-- From what each date says of itself, so that it costs the same however many events there are.

select
    max(newest_happened_at) as newest_occurred_at,
    cast(max(newest_happened_at) as date) as newest_day,
    max(newest_known_at) as newest_received_at,
    cast(max(newest_known_at) as date) as newest_received_day
from {{ ref('int_dataset_days') }}
where
    dataset in (
        'play',
        'navigation',
        'tokenrequest',
        'musicserviceauth',
        'voicefeedback',
        'showinteraction',
        'notification',
        'promotion'
    )
