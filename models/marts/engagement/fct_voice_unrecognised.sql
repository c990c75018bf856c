-- A table, and small: another min_group_users than at the last build counts for every month at once.

with utterances as (
    select * from {{ ref('int_voice_unrecognised_monthly') }}
    where users >= {{ var('min_group_users') | int }}
)

select
    utterances.month_start,
    {{ partner_of('clients') }} as partner_id,
    utterances.client_id,
    utterances.language,
    utterances.utterance,
    utterances.times,
    utterances.users
from utterances
left join {{ ref('clients') }} as clients on utterances.client_id = clients.client_id
