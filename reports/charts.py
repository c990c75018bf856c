"""The shapes of charts, as Vega-Lite. Colours are names in the page's style sheet, which follow light and dark."""

import json
from collections.abc import Sequence
from typing import Any

import altair as alt

PALETTE = tuple(f"var(--c{number})" for number in range(1, 9))
RAMP = tuple(f"var(--r{number})" for number in range(1, 8))  # of what has an order
FADED = "var(--c0)"
HEIGHT = 240
MARK = "var(--c1)"

_CONFIG = {
    "aria": False,  # thousands of marks help no screen reader: the card has a name, and its data as a table
    "background": "transparent",
    "font": "system-ui, sans-serif",
    "view": {"stroke": None},
    "axis": {
        "domainColor": "var(--line)",
        "grid": False,
        "gridColor": "var(--line)",
        "labelColor": "var(--soft)",
        "labelFontSize": 12,
        "tickColor": "var(--line)",
        "titleColor": "var(--soft)",
        "titleFontSize": 12,
        "titleFontWeight": "normal",
    },
    "axisQuantitative": {"grid": True, "domain": False, "ticks": False, "tickCount": 5},
}


def day(name: str) -> alt.X:
    """A date along the bottom, in UTC wherever the reader is."""
    axis = alt.Axis(title=None, format="%-d %b", labelOverlap=True, labelFlush=True, tickCount={"expr": "width / 90"})
    return alt.X(name, type="temporal", timeUnit="utcyearmonthdate", axis=axis)


def amount(name: str, form: str = "", stack: Any = None) -> alt.Y:
    """A number upwards, from zero; without a format thousands are told as such from ten on."""
    words = "datum.value >= 10000 ? format(datum.value, '~s') : format(datum.value, ',')"
    axis = alt.Axis(format=form, title=None) if form else alt.Axis(labelExpr=words, title=None)
    return alt.Y(name, type="quantitative", axis=axis, stack=stack, scale=alt.Scale(zero=True))


def series(column: str, values: Sequence[str], colours: Sequence[str] = PALETTE) -> alt.Color:
    """A colour for each value; the page writes the legend."""
    scale = alt.Scale(domain=list(values), range=list(colours[: len(values)]))
    return alt.Color(column, type="nominal", scale=scale, legend=None)


def tooltip(*columns: tuple[str, str, str]) -> list[alt.Tooltip]:
    """What is told where the pointer is: of each column its name, its heading, and a d3 format (`date` for a date)."""
    return [
        alt.Tooltip(name, type="temporal", timeUnit="utcyearmonthdate", format="%a %-d %b %Y", title=title)
        if form == "date"
        else alt.Tooltip(name, type="quantitative", format=form, title=title)
        if form
        else alt.Tooltip(name, type="nominal", title=title)
        for name, title, form in columns
    ]


def lines(x: str, measures: Sequence[tuple[str, str]], form: str = ",", axis: str = "") -> dict[str, Any]:
    """A line for each measure, a column and its heading, over dates."""
    names: list[Any] = [heading for _, heading in measures]
    base = (
        _renamed(measures)
        .transform_fold(names, as_=["measure", "value"])
        .encode(x=day(x), y=amount("value", axis), color=series("measure", names))
    )
    points = base.mark_point(size=90, opacity=0, filled=True).encode(
        tooltip=tooltip((x, "Day", "date"), ("measure", " ", ""), ("value", "Value", form))
    )
    return _finish(base.mark_line(strokeWidth=2) + points)


def _renamed(measures: Sequence[tuple[str, str]]) -> alt.Chart:
    return alt.Chart(alt.NamedData("rows")).transform_calculate(
        **{heading: f"datum['{column}']" for column, heading in measures}
    )


def areas(
    x: str,
    measure: str,
    column: str,
    values: Sequence[str],
    colours: Sequence[str] = PALETTE,
    unit: str = "Value",
    form: str = ",",
) -> dict[str, Any]:
    """Shares of each date by a column's values, on one another to the whole."""
    chart = alt.Chart(alt.NamedData("rows")).transform_calculate(rank=_place(values, column))
    return _finish(
        chart.mark_area().encode(
            x=day(x),
            y=amount(measure, "%", stack="normalize"),
            color=series(column, values, colours),
            order=alt.Order("rank", type="quantitative"),
            tooltip=tooltip((x, "Day", "date"), (column, " ", ""), (measure, unit, form)),
        )
    )


def weekly(x: str, measure: str, column: str, values: Sequence[str], unit: str, form: str = ",.0f") -> dict[str, Any]:
    """A bar for each week, divided by a column's values."""
    chart = alt.Chart(alt.NamedData("rows")).transform_calculate(rank=_place(values, column))
    return _finish(
        chart.mark_bar().encode(
            x=weeks(x),
            y=amount(measure, stack="zero"),
            color=series(column, values),
            order=alt.Order("rank", type="quantitative"),
            tooltip=tooltip((x, "Week of", "date"), (column, " ", ""), (measure, unit, form)),
        )
    )


def _place(values: Sequence[str], column: str) -> str:
    return f"indexof({json.dumps(list(values))}, datum['{column}'])"


def weeks(x: str) -> alt.X:
    """Weeks along the bottom, as bands."""
    axis = alt.Axis(title=None, format="%-d %b", labelAngle=0, labelOverlap=True, ticks=False)
    return alt.X(x, type="ordinal", timeUnit="utcyearmonthdate", axis=axis)


def bars(x: str, measures: Sequence[tuple[str, str]], colours: Sequence[str] = PALETTE) -> dict[str, Any]:
    """A bar for each week, of measures on one another; one that is negative hangs below the line."""
    names: list[Any] = [heading for _, heading in measures]
    return _finish(
        _renamed(measures)
        .transform_fold(names, as_=["measure", "value"])
        .transform_calculate(rank=_place(names, "measure"))
        .mark_bar()
        .encode(
            x=weeks(x),
            y=amount("value", stack="zero"),
            color=series("measure", names, colours),
            order=alt.Order("rank", type="quantitative"),
            tooltip=tooltip((x, "Week of", "date"), ("measure", " ", ""), ("value", "Number", ",")),
        )
    )


def curves(
    x: tuple[str, str], measure: str, column: str, values: Sequence[str], form: str, colours: Sequence[str] = PALETTE
) -> dict[str, Any]:
    """A line for each of a column's values, over a number that has a heading."""
    base = alt.Chart(alt.NamedData("rows")).encode(
        x=alt.X(x[0], type="quantitative", axis=alt.Axis(title=x[1], grid=False)),
        y=amount(measure, form),
        color=series(column, values, colours),
    )
    points = base.mark_point(size=90, opacity=0, filled=True).encode(
        tooltip=tooltip((column, " ", ""), (x[0], x[1], ","), (measure, "Value", form))
    )
    return _finish(base.mark_line(strokeWidth=2) + points)


def heat(
    x: tuple[str, str],
    y: tuple[str, str],
    value: tuple[str, str, str],
    text: str | None = None,
    order: Sequence[str] | None = None,
    more: Sequence[tuple[str, str, str]] = (),
) -> dict[str, Any]:
    """Cells by two columns, each a name and a heading; the fuller the more. `text` is a format to write values in."""
    name, heading, form = value
    slanted = text is None and order is None
    base = alt.Chart(alt.NamedData("rows")).encode(
        x=alt.X(
            x[0],
            type="ordinal",
            axis=alt.Axis(
                title=x[1] or None,
                labelAngle=-40 if slanted else 0,
                labelOverlap=not slanted,
                domain=False,
                ticks=False,
            ),
        ),
        y=alt.Y(
            y[0],
            type="ordinal",
            sort=list(order) if order else "ascending",
            axis=alt.Axis(title=None, domain=False, ticks=False, labelLimit=130),
        ),
    )
    # Under words the fullest cell is pale enough to read them.
    cells = base.mark_rect(cornerRadius=3, fill=MARK, stroke="var(--card)", strokeWidth=2).encode(
        fillOpacity=alt.FillOpacity(
            name, type="quantitative", scale=alt.Scale(range=[0.05, 0.55 if text else 1], zero=True), legend=None
        ),
        tooltip=tooltip((y[0], y[1], ""), (x[0], x[1] or " ", ""), (name, heading, form), *more),
    )
    if text is None:
        return _finish(cells, height={"step": 26})
    words = base.mark_text(fontSize=11).encode(text=alt.Text(name, type="quantitative", format=text))
    return _finish(cells + words, height={"step": 26})


def against(y: str, measure: tuple[str, str], other: tuple[str, str], form: str = ",.1f") -> dict[str, Any]:
    """Bars across, and on each a mark of what it is held against."""
    base = alt.Chart(alt.NamedData("rows")).encode(
        y=alt.Y(y, type="nominal", sort=None, axis=alt.Axis(title=None, domain=False, ticks=False, labelLimit=150)),
        tooltip=tooltip((y, " ", ""), (*measure, form), (*other, form)),
    )
    bar = base.mark_bar(fill=MARK, cornerRadiusEnd=3).encode(
        x=alt.X(measure[0], type="quantitative", axis=alt.Axis(title=None))
    )
    tick = base.mark_tick(stroke="var(--ink)", thickness=3, size=18).encode(x=alt.X(other[0], type="quantitative"))
    return _finish(bar + tick, height={"step": 26})


def spots(x: str, y: tuple[str, str], size: tuple[str, str], name: str) -> dict[str, Any]:
    """A spot for each row, over dates; its area is a number too."""
    return _finish(
        alt.Chart(alt.NamedData("rows"))
        .mark_circle(fill=MARK, opacity=0.55)
        .encode(
            x=day(x),
            y=amount(y[0]),
            size=alt.Size(size[0], type="quantitative", legend=None, scale=alt.Scale(range=[20, 400])),
            tooltip=tooltip((name, " ", ""), (x, "Day", "date"), (*y, ","), (*size, ",.0f")),
        )
    )


def ranked(y: str, measure: str, heading: str, form: str = ",") -> dict[str, Any]:
    """Bars across in the order of the rows, each with its number beside it."""
    base = alt.Chart(alt.NamedData("rows")).encode(
        y=alt.Y(y, type="nominal", sort=None, axis=alt.Axis(title=None, domain=False, ticks=False, labelLimit=150)),
        x=alt.X(
            measure,
            type="quantitative",
            axis=None,
            scale=alt.Scale(zero=True, nice=False, range=[0, {"expr": "width - 60"}]),
        ),
        tooltip=tooltip((y, "", ""), (measure, heading, form)),
    )
    mark = base.mark_bar(cornerRadiusEnd=3, fill=MARK)
    words = base.mark_text(align="left", dx=5, fontSize=12, fill="var(--soft)").encode(
        text=alt.Text(measure, type="quantitative", format=form)
    )
    return _finish(mark + words, height={"step": 26})


def _finish(chart: alt.Chart | alt.LayerChart, height: int | dict[str, int] = HEIGHT) -> dict[str, Any]:
    spec: dict[str, Any] = chart.properties(width="container", height=height).to_dict()
    spec["config"] = _CONFIG
    if isinstance(height, int):
        spec["autosize"] = {"type": "fit-x", "contains": "padding"}
    spec.pop("datasets", None)
    return spec
