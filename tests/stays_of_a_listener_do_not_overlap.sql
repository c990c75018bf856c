-- A creator is shown a crowd: nobody stands in it twice, and nobody longer than from the join to the leave.

with parts as (
    select
        *,
        lag(until_at) over (
            partition by show_id, user_id
            order by stay_number asc nulls last, date_day asc nulls last
        ) as before_until_at
    from {{ ref('int_show_attendance') }}
),

stays as (
    select
        show_id,
        user_id,
        stay_number,
        min(from_at) as first_from_at,
        max(until_at) as last_until_at,
        min(joined_at) as joined_at,
        max(left_at) as left_at,
        {{ exact_sum(seconds_between('from_at', 'until_at')) }} as seconds_in_parts
    from {{ ref('int_show_attendance') }}
    group by show_id, user_id, stay_number
)

select
    show_id,
    user_id,
    stay_number
from parts
where from_at > until_at or before_until_at > from_at
union all
select
    show_id,
    user_id,
    stay_number
from stays
where
    first_from_at <> joined_at
    or last_until_at <> left_at
    or abs(seconds_in_parts - {{ seconds_between('joined_at', 'left_at') }}) > 0.0000005
