-- A roll-out is steered by these days: nine tenths cannot be reached before half, half not before a tenth, and no
-- release after a later one.

with adoption as (
    select
        adoption.*,
        cast(adoption.released_at as date) as released_on,
        releases.release_rank
    from {{ ref('fct_firmware_adoption') }} as adoption
    inner join {{ ref('dim_firmware_releases') }} as releases
        on adoption.model = releases.model and adoption.firmware_version = releases.firmware_version
)

select
    model,
    firmware_version
from adoption
where
    days_to_10_pct < 0
    or days_to_50_pct < days_to_10_pct
    or days_to_90_pct < days_to_50_pct
    or days_to_90_pct < days_to_10_pct
union all
select
    earlier.model,
    earlier.firmware_version
from adoption as earlier
inner join adoption as later on earlier.model = later.model and earlier.release_rank < later.release_rank
where
    earlier.released_on + earlier.days_to_10_pct > later.released_on + later.days_to_10_pct
    or earlier.released_on + earlier.days_to_50_pct > later.released_on + later.days_to_50_pct
    or earlier.released_on + earlier.days_to_90_pct > later.released_on + later.days_to_90_pct
