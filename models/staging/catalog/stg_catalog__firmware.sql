with source as (
    select * from {{ source('catalog', 'firmware') }}
    where {{ in_dates('event_date', rebuild_dates()) }} and {{ until_as_of('event_date') }}
),

renamed as (
    select
        model,
        version as firmware_version,
        channel,
        notes,
        releasedat as released_at,
        op = 'delete' as is_deleted,
        updatedat as updated_at,
        event_date,
        _extra as extra_fields,
        _landed_at as landed_at,
        _source_file as source_file,
        _source_line as source_line,
        -- two messages about one key at one moment: a delete stands, else the greatest source path, line and offset
        row_number() over (
            partition by model, version, updatedat
            order by
                op asc nulls last,
                _source_file desc nulls last,
                _source_line desc nulls last,
                _source_offset desc nulls last
        ) as message_number
    from source
)

select
    model,
    firmware_version,
    channel,
    notes,
    released_at,
    is_deleted,
    updated_at,
    event_date,
    extra_fields,
    landed_at,
    source_file,
    source_line
from renamed
where message_number = 1
