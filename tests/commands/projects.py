"""A dbt project of two marts that keeps its results as ours does, small enough to build in a second."""

from pathlib import Path

from commands.settings import ROOT

PROJECT = """
name: mini
version: "1.0"
profile: mini
flags: {send_anonymous_usage_stats: false, warn_error_options: {error: [NoNodesForSelectionCriteria]}}
models: {mini: {+schema: marts, +materialized: table}}
on-run-start: "{{ begin_results() }}"
on-run-end: "{{ record_results(results) }}"
"""

PROFILE = """
mini: {target: duckdb, outputs: {duckdb: {type: duckdb, path: "{{ env_var('EARSHOT_WAREHOUSE') }}", threads: 2}}}
"""

TESTS = """
models:
  - {name: dim_one, columns: [{name: n, data_tests: [unique]}]}
  - {name: fct_two, columns: [{name: n, data_tests: [not_null]}]}
unit_tests:
  - name: two_copies_one
    model: fct_two
    given: [{input: ref('dim_one'), rows: [{n: 5}]}]
    expect: {rows: [{n: 5}]}
"""

# The project's own macros that the results need.
SUPPORT = """
{% macro bookkeeping(table) %}
    {{ return(api.Relation.create(database=target.database, schema='intermediate', identifier='_' ~ table)) }}
{% endmacro %}
{% macro generate_schema_name(name, node) %}{{ name or target.schema }}{% endmacro %}
"""


def make(folder: Path) -> Path:
    """Write the project with the macros of ours that are under test."""
    for name, content in {
        "dbt_project.yml": PROJECT,
        "profiles.yml": PROFILE,
        "models/models.yml": TESTS,
        "models/dim_one.sql": "select 1 as n",
        "models/fct_two.sql": "select n from {{ ref('dim_one') }}",
        "macros/support.sql": SUPPORT,
        "macros/results.sql": (ROOT / "macros" / "build" / "results.sql").read_text(),
    }.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content)
    return folder
