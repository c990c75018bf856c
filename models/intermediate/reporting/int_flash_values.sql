-- What the marts say of each day, one row a number. A number that is 0 may have no row.

with added as (
    select date_day, partner_id, client_id, entity || '_registrations' as metric, registrations as amount
    from {{ ref('fct_registrations_daily') }}
    where registrations > 0
    union all
    select date_day, partner_id, client_id, 'music_service_signons' as metric, successes as amount
    from {{ ref('fct_music_service_signons_daily') }}
    union all
    select date_day, partner_id, client_id, 'voice_utterances' as metric, utterances as amount
    from {{ ref('fct_voice_daily') }}
),

scoped as (
    select
        added.date_day,
        {{ in_client_scope('added') }},
        added.metric,
        added.amount
    from added
    cross join ({{ client_scopes() }}) as scopes
),

-- a show has no client: everywhere it was held when it started, in a client when somebody came with it on that day
held as (
    select visits.date_day, visits.partner_id, visits.client_id, visits.show_id
    from {{ ref('int_show_visits_daily') }} as visits
    inner join {{ ref('dim_shows') }} as shows
        on visits.show_id = shows.show_id and visits.date_day = cast(shows.started_at as date)
    where visits.partner_id <> 'all'
    union all
    select cast(started_at as date) as date_day, 'all' as partner_id, 'all' as client_id, show_id
    from {{ ref('dim_shows') }}
    where started_at is not null
),

firmware as (
    select
        devices.date_day,
        {{ in_client_scope('devices') }},
        devices.active_devices,
        case when uptake.is_latest_stable then devices.active_devices else 0 end as devices_on_latest
    from {{ ref('int_firmware_uptake_by_client') }} as devices
    inner join {{ ref('fct_firmware_uptake_daily') }} as uptake
        on
            devices.date_day = uptake.date_day
            and devices.model = uptake.model
            and devices.firmware_version = uptake.firmware_version
    cross join ({{ client_scopes() }}) as scopes
    where devices.active_devices > 0
)

{% for metric in ['dau', 'wau', 'mau'] %}
select date_day, partner_id, client_id, '{{ metric }}' as metric, cast({{ metric }} as double precision) as value
from {{ ref('fct_active_users_daily') }}
where country_code = 'all' and activity = 'any'
union all
{% endfor %}
select
    period_start as date_day, partner_id, client_id, 'new_users' as metric, cast(new_users as double precision) as value
from {{ ref('fct_user_growth') }}
where period_type = 'day'
union all
{% for metric in ['hours_listened', 'valid_listens'] %}
select
    cast(period_start as date) as date_day,
    partner_id,
    client_id,
    '{{ metric }}' as metric,
    cast({{ metric }} as double precision) as value
from {{ ref('fct_listening_totals') }}
where period_type = 'day'
union all
{% endfor %}
select date_day, partner_id, client_id, metric, cast(sum(amount) as double precision) as value
from scoped
group by date_day, partner_id, client_id, metric
union all
select date_day, partner_id, client_id, 'shows_held' as metric, cast(count(*) as double precision) as value
from held
group by date_day, partner_id, client_id
union all
select
    date_day,
    partner_id,
    client_id,
    'peak_concurrent_listeners' as metric,
    cast(peak_concurrent_listeners as double precision) as value
from {{ ref('int_show_crowds_daily') }}
union all
select
    date_day,
    partner_id,
    client_id,
    'share_on_latest_firmware' as metric,
    cast(sum(devices_on_latest) as double precision) / cast(sum(active_devices) as double precision) as value
from firmware
group by date_day, partner_id, client_id
