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

with times as (
    {{ dump_times('users', ref('stg_dynamodb__users')) }}
)

select
    dumps.user_id,
    dumps.client_id,
    dumps.country_code,
    dumps.language,
    dumps.music_services,
    dumps.preferences,
    dumps.status,
    dumps.marketing_consent,
    dumps.registered_at,
    dumps.snapshot_at
from {{ ref('stg_dynamodb__users') }} as dumps
where dumps.snapshot_at = (select max(times.snapshot_at) from times)

{% endsnapshot %}
