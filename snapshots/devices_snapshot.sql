{% snapshot devices_snapshot %}

{{
    config(
        unique_key='device_id',
        strategy='check',
        check_cols=[
            'client_id',
            'owner_user_id',
            'model',
            'country_code',
            'firmware_version',
            'channels',
            'registered_at',
        ],
        updated_at='snapshot_at',
        hard_deletes='new_record',
        meta={'history': 'dumps', 'untracked': ['last_seen_at']},
        pre_hook="{{ guard_history() }}",
        post_hook="{{ complete_history() }}"
    )
}}

with times as (
    {{ dump_times('devices', ref('stg_dynamodb__devices')) }}
)

select
    dumps.device_id,
    dumps.client_id,
    dumps.owner_user_id,
    dumps.model,
    dumps.country_code,
    dumps.firmware_version,
    dumps.channels,
    dumps.registered_at,
    dumps.snapshot_at,
    dumps.last_seen_at
from {{ ref('stg_dynamodb__devices') }} as dumps
where dumps.snapshot_at = (select max(times.snapshot_at) from times)

{% endsnapshot %}
