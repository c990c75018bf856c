{% macro dates_of_moved_exposures() %}
    {#
        For int_promotion_listening, whose exposures stand in a table that tells nobody what changed: the dates around first
        impressions that it does not have as they are now, or that are none any more. It has a row on the date of each.
    #}
    {% set sql %}
        select exposures.date_day
        from {{ builtins.ref('int_promotion_exposures') }} as exposures
        left join {{ this }} as known
            on
                exposures.date_day = known.date_day
                and exposures.campaign_id = known.campaign_id
                and exposures.client_id = known.client_id
                and exposures.user_id = known.user_id
                and exposures.first_impression_at = known.first_impression_at
        where known.user_id is null
        union
        select cast(known.first_impression_at as date) as date_day
        from {{ this }} as known
        left join {{ builtins.ref('int_promotion_exposures') }} as exposures
            on
                known.campaign_id = exposures.campaign_id
                and known.client_id = exposures.client_id
                and known.user_id = exposures.user_id
                and known.first_impression_at = exposures.first_impression_at
        where exposures.user_id is null
    {% endset %}
    {% set dates = [] %}
    {% for day in ask_once(sql).columns[0].values() %}
        {% for offset in range(-7, 9) %}
            {% do dates.append((modules.datetime.date.fromisoformat((day | string)[:10]) + modules.datetime.timedelta(days=offset)) | string) %}
        {% endfor %}
    {% endfor %}
    {{ return(dates) }}
{% endmacro %}
