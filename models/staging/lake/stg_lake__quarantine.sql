select
    dataset,
    source_file as source_path,
    source_line,
    source_offset,
    field,
    reason,
    load_id,
    landed_at
from {{ source('lake', 'quarantine') }}
