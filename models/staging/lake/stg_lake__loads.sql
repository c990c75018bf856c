select
    load_id,
    dataset,
    source_path,
    checksum,
    snapshot_id,
    bytes,
    records_read,
    records_landed,
    records_quarantined,
    records_duplicate_in_file,
    blank_lines,
    seconds,
    snapshot_at,
    landed_at,
    load_date
from {{ source('lake', 'loads') }}
