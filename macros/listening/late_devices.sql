{% macro dates_of_late_devices() %}
    {#
        For int_listening_hourly: dates with seconds of no play whose device has got another model since, because the dump that
        knows it came later. (Plays are made anew by fct_plays and recorded there.)
    #}
    {% set sql %}
        select distinct listening.date_day
        from {{ this }} as listening
        left join {{ builtins.ref('dim_devices') }} as devices on listening.device_id = devices.device_id
        where listening.device_id is not null and coalesce(devices.model, 'unknown') <> listening.device_model
    {% endset %}
    {% set dates = [] %}
    {% for day in ask_once(sql).columns[0].values() %}
        {% do dates.append((day | string)[:10]) %}
    {% endfor %}
    {{ return(dates) }}
{% endmacro %}
