"""The functions that models may call: documented for Redshift, and meaning the same where DuckDB has them too.

A list of what is allowed, because a list of what is not would never end. A name that is missing here and documented for
Redshift can be added in the change that needs it; one that only one engine knows belongs into a dispatched macro.
"""

AGGREGATES = {"avg", "bool_and", "bool_or", "count", "listagg", "max", "median", "min", "percentile_cont", "sum"}

# Each is numbered or looked up by place: it needs an ORDER BY and takes no frame.
RANKINGS = {"cume_dist", "dense_rank", "lag", "lead", "ntile", "percent_rank", "rank", "row_number"}

WINDOW_VALUES = {"first_value", "last_value", "nth_value"}

CONDITIONALS = {"coalesce", "greatest", "least", "nullif", "nvl"}

DATES = {
    *(
        "add_months",
        "convert_timezone",
        "date_part",
        "date_trunc",
        "dateadd",
        "datediff",
        "extract",
        "getdate",
        "last_day",
    ),
    *("to_char", "to_date", "to_timestamp"),
}

NUMBERS = {
    *("abs", "ceil", "ceiling", "cos", "exp", "floor", "ln", "log", "mod", "pi", "pow", "power", "radians"),
    *("round", "sign", "sin", "sqrt", "trunc"),
}

TEXTS = {
    *("ascii", "btrim", "chr", "left", "len", "length", "lower", "lpad", "ltrim", "md5", "octet_length", "position"),
    *("regexp_count", "regexp_instr", "regexp_substr", "repeat", "replace", "reverse", "right", "rpad", "rtrim"),
    *("sha2", "split_part", "strpos", "substring", "translate", "trim", "upper"),
}

JSON = {
    *("can_json_parse", "get_array_length", "is_valid_json", "json_array_length", "json_extract_array_element_text"),
    *("json_extract_path_text", "json_parse", "json_serialize"),
}

# What the macro stage_raw asks before it begins, beside no table.
RIGHTS = {"has_database_privilege", "has_schema_privilege"}

ALLOWED = AGGREGATES | RANKINGS | WINDOW_VALUES | CONDITIONALS | DATES | NUMBERS | TEXTS | JSON | RIGHTS | {"cast"}

# Redshift answers these on its leader node: beside a table they fail, written without brackets too.
LEADER_ONLY = {
    *("current_catalog", "current_role", "current_schema", "current_time", "current_timestamp", "current_user"),
    *("localtime", "localtimestamp", "session_user", "sysdate"),
}
