"""Retention, explored: who comes back, for how long, and are newer cohorts better?

Open it with `marimo edit analyses/notebooks/retention.py`; `python analyses/notebooks/retention.py` runs it to its end.
It reads what is published (EARSHOT_SERVING) and computes nothing that a mart has.
"""

import marimo

app = marimo.App(width="medium", app_title="Retention")


@app.cell
def _():
    import os
    from pathlib import Path

    import marimo as mo
    import polars as pl

    root = Path(__file__).resolve().parents[2]
    serving = Path(os.environ.get("EARSHOT_SERVING") or root / "var" / "serving")
    cohorts = pl.read_parquet(serving / "parquet" / "fct_retention_cohorts.parquet").filter(
        (pl.col("client_id") == "all") & (pl.col("country_code") == "all") & pl.col("is_complete")
    )
    return cohorts, mo, pl


@app.cell
def _(cohorts, mo):
    kind = mo.ui.dropdown(sorted(cohorts["cohort_kind"].unique()), value="first_active", label="began with")
    period = mo.ui.dropdown(sorted(cohorts["period_type"].unique()), value="week", label="period")
    partner = mo.ui.dropdown(sorted(cohorts["partner_id"].unique()), value="all", label="partner")
    mo.vstack([mo.md("# Who comes back?"), mo.hstack([kind, period, partner], justify="start")])
    return kind, partner, period


@app.cell
def _(cohorts, kind, partner, period, pl):
    # Only periods that are over: the newest cohort would seem to lose people who have time left to come.
    chosen = cohorts.filter(
        (pl.col("cohort_kind") == kind.value)
        & (pl.col("period_type") == period.value)
        & (pl.col("partner_id") == partner.value)
    ).sort("cohort_start", "period_number")
    return (chosen,)


@app.cell
def _(chosen, mo):
    table = chosen.pivot("period_number", index=["cohort_start", "cohort_users"], values="retention_rate")
    mo.vstack([mo.md("## Each cohort, period by period"), table])
    return (table,)


@app.cell
def _(chosen, mo, pl):
    # People, not rates, are added over cohorts: a rate of rates would weigh a cohort of three like one of a thousand.
    curve = (
        chosen.group_by("period_number")
        .agg(pl.col("retained_users").sum(), pl.col("cohort_users").sum())
        .with_columns((pl.col("retained_users") / pl.col("cohort_users")).alias("retention_rate"))
        .sort("period_number")
    )
    mo.vstack([mo.md("## All cohorts that are old enough, together"), curve])
    return (curve,)


@app.cell
def _(chosen, mo, pl):
    newer = (
        chosen.filter(pl.col("period_number") == 1)
        .select("cohort_start", "cohort_users", "retention_rate")
        .with_columns(pl.col("retention_rate").rolling_mean(4).alias("mean_of_4"))
    )
    mo.vstack([mo.md("## Are newer cohorts better? The first period after the one in which they began"), newer])
    return (newer,)


if __name__ == "__main__":
    app.run()
