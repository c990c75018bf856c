-- "Who is up to date?" must have one answer: on a day at most one version is a model's newest stable release, and no
-- more devices are active on a version than run it.

select
    date_day,
    model
from {{ ref('fct_firmware_uptake_daily') }}
group by date_day, model
having
    sum(case when is_latest_stable then 1 else 0 end) > 1
    or max(active_devices - devices) > 0
