{% snapshot users_snapshot %}

{{
    config(
        unique_key='user_id',
        strategy='check',
        check_cols=[
            'client_id',
            'country_code',
            'language',
            'music_services',
            'preferences',
            'status',
            'marketing_consent',
            'registered_at',
        ],
        updated_at='snapshot_at',
        hard_deletes='new_record',
        meta={'history': 'dumps'},
        pre_hook="{{ guard_history() }}",
        post_hook="{{ complete_history() }}"
    )
}}

select
    user_id,
    client_id,
    country_code,
    language,
    music_services,
    preferences,
    status,
    marketing_consent,
    registered_at,
    snapshot_at
from {{ ref('stg_dynamodb__users') }}
where snapshot_at = (select max(snapshot_at) from {{ ref('stg_dynamodb__users') }})

{% endsnapshot %}
