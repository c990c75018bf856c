{% snapshot shows_snapshot %}

{{
    config(
        unique_key='show_id',
        strategy='check',
        check_cols=[
            'creator_id',
            'title',
            'description',
            'category',
            'language',
            'status',
            'tags',
            'scheduled_start_at',
            'scheduled_end_at',
            'started_at',
            'ended_at',
            'is_deleted',
        ],
        updated_at='updated_at',
        meta={'history': 'messages'},
        pre_hook="{{ guard_history() }}",
        post_hook="{{ complete_history() }}"
    )
}}

select
    message.show_id,
    message.creator_id,
    message.title,
    message.description,
    message.category,
    message.language,
    message.status,
    message.tags,
    message.scheduled_start_at,
    message.scheduled_end_at,
    message.started_at,
    message.ended_at,
    message.is_deleted,
    message.updated_at
from {{ ref('stg_catalog__shows') }} as message
where
    not exists (
        select 1
        from {{ ref('stg_catalog__shows') }} as later
        where later.show_id = message.show_id and later.updated_at > message.updated_at
    )

{% endsnapshot %}
