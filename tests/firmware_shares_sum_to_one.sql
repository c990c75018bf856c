-- A rollout is judged by the share of the fleet: over the versions of a model and day the shares sum to 1.

select
    date_day,
    model,
    sum(share_of_active) as total_share
from {{ ref('fct_firmware_uptake_daily') }}
group by date_day, model
having
    abs(sum(share_of_active) - 1.0) > 0.000000001
    or (sum(share_of_active) is null and max(active_devices) > 0)
