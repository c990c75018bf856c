with source as (
    select * from {{ source('dynamodb', 'devices') }}
    where {{ in_dates('snapshot_date', rebuild_dates()) }} and {{ until_as_of('snapshot_date') }}
),

renamed as (
    select
        id as device_id,
        {{ client_of('clientid') }} as client_id,
        ownerid as owner_user_id,
        model,
        coalesce(nullif(nullif(lower(country), ''), 'all'), 'zz') as country_code,
        firmwareversion as firmware_version,
        channels,
        registeredat as registered_at,
        lastseenat as last_seen_at,
        updatedat as source_updated_at,
        _snapshot_id as snapshot_id,
        _snapshot_at as snapshot_at,
        snapshot_date,
        _extra as extra_fields,
        _source_file as source_file,
        _source_line as source_line,
        row_number() over (
            partition by _snapshot_at, id
            order by
                _source_file asc nulls last,
                _source_line asc nulls last,
                _source_offset asc nulls last,
                -- states of one moment may share the rows that did not change
                _snapshot_id asc nulls last
        ) as copy_number
    from source
)

select
    device_id,
    client_id,
    owner_user_id,
    model,
    country_code,
    firmware_version,
    channels,
    registered_at,
    last_seen_at,
    source_updated_at,
    snapshot_id,
    snapshot_at,
    snapshot_date,
    extra_fields,
    source_file,
    source_line
from renamed
where copy_number = 1
