{{
    config(
        materialized='incremental',
        incremental_strategy='replace_dates',
        meta={'rebuild': {'column': 'month_start', 'also': 'days_of_changed_months'}},
        post_hook="{{ record_build() }}"
    )
}}

-- What fewer people said than may be shown still stands here: this table is not published, the mart is.

{% set dates = rebuild_dates() %}

with utterances as (
    select
        cast(date_trunc('month', event_date) as date) as month_start,
        client_id,
        coalesce(nullif(language, ''), 'unknown') as language,
        utterance,
        user_id
    from {{ ref('stg_events__voice_feedback') }}
    where
        outcome in ('misunderstood', 'unsupported')
        -- the words of region cn never leave the inbox
        and nullif(utterance, '') is not null
        and {{ in_dates('event_date', dates) }}
)

select
    month_start,
    client_id,
    language,
    utterance,
    count(*) as times,
    count(distinct user_id) as users
from utterances
group by month_start, client_id, language, utterance
