{% snapshot firmware_snapshot %}

{{
    config(
        unique_key=['model', 'firmware_version'],
        strategy='check',
        check_cols=[
            'channel',
            'notes',
            'released_at',
            'is_deleted',
        ],
        updated_at='updated_at',
        meta={'history': 'messages'},
        pre_hook="{{ guard_history() }}",
        post_hook="{{ complete_history() }}"
    )
}}

select
    message.model,
    message.firmware_version,
    message.channel,
    message.notes,
    message.released_at,
    message.is_deleted,
    message.updated_at
from {{ ref('stg_catalog__firmware') }} as message
where
    not exists (
        select 1
        from {{ ref('stg_catalog__firmware') }} as later
        where later.model = message.model
            and later.firmware_version = message.firmware_version and later.updated_at > message.updated_at
    )

{% endsnapshot %}
