with source as (
    select * from {{ source('dynamodb', 'users') }}
    where {{ in_dates('snapshot_date', rebuild_dates()) }} and {{ until_as_of('snapshot_date') }}
),

renamed as (
    select
        id as user_id,
        {{ client_of('clientid') }} as client_id,
        coalesce(nullif(nullif(lower(country), ''), 'all'), 'zz') as country_code,
        language,
        birthyear as birth_year,
        email,
        displayname as display_name,
        musicservices as music_services,
        preferences,
        status,
        marketingconsent as marketing_consent,
        createdat as registered_at,
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
    user_id,
    client_id,
    country_code,
    language,
    birth_year,
    email,
    display_name,
    music_services,
    preferences,
    status,
    marketing_consent,
    registered_at,
    source_updated_at,
    snapshot_id,
    snapshot_at,
    snapshot_date,
    extra_fields,
    source_file,
    source_line
from renamed
where copy_number = 1
