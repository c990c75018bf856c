select
    load_id,
    dataset,
    source_path,
    bytes,
    records_read,
    records_landed,
    records_quarantined,
    records_duplicate_in_file,
    snapshot_id,
    landed_at,
    seconds
from {{ ref('stg_lake__loads') }}
