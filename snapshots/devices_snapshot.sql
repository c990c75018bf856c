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

select
    device_id,
    client_id,
    owner_user_id,
    model,
    country_code,
    firmware_version,
    channels,
    registered_at,
    snapshot_at,
    last_seen_at
from {{ ref('stg_dynamodb__devices') }}
where snapshot_at = (select max(snapshot_at) from {{ ref('stg_dynamodb__devices') }})

{% endsnapshot %}
