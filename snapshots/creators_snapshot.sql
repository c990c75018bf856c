{% snapshot creators_snapshot %}

{{
    config(
        unique_key='creator_id',
        strategy='check',
        check_cols=[
            'display_name',
            'category',
            'is_verified',
            'is_deleted',
        ],
        updated_at='updated_at',
        meta={'history': 'messages'},
        pre_hook="{{ guard_history() }}",
        post_hook="{{ complete_history() }}"
    )
}}

select
    message.creator_id,
    message.display_name,
    message.category,
    message.is_verified,
    message.is_deleted,
    message.updated_at
from {{ ref('stg_catalog__creators') }} as message
where
    not exists (
        select 1
        from {{ ref('stg_catalog__creators') }} as later
        where later.creator_id = message.creator_id and later.updated_at > message.updated_at
    )

{% endsnapshot %}
