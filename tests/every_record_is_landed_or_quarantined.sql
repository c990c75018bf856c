-- Nothing is lost on the way in: for every source file, records read are those landed and those put aside.

select
    load_id,
    source_path
from {{ ref('fct_landing_loads') }}
where
    records_read <> records_landed + records_quarantined
    or records_duplicate_in_file > records_landed
