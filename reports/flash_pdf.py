"""The daily flash on one sheet of A4."""

from datetime import UTC, datetime, time
from typing import TYPE_CHECKING

from fpdf import FPDF
from fpdf.enums import XPos, YPos

from reports import flash_charts

if TYPE_CHECKING:
    from reports.flash import Flash

FONT = "helvetica"  # in every reader, so nothing is embedded; it has the letters of western Europe
INK, QUIET, RULE = (16, 24, 40), (71, 84, 103), (228, 231, 236)
MARGIN = 18.0
ROW = 14.0
CHART = (33.0, 9.0)


def render(flash: "Flash") -> bytes:
    """The PDF; the same flash gives the same bytes."""
    from reports.flash import _FOOT, DAYS

    pdf = FPDF(format="A4")
    pdf.set_creation_date(datetime.combine(flash.day, time(), UTC))
    pdf.set_margin(MARGIN)
    pdf.set_auto_page_break(False)
    pdf.set_title(_latin(flash.title))
    pdf.set_lang("en")
    pdf.add_page()

    def line(words: str, size: float, style: str = "", colour: tuple[int, int, int] = INK, after: float = 1.0) -> None:
        pdf.set_font(FONT, style, size)
        pdf.set_text_color(*colour)
        pdf.multi_cell(0, size * 0.46, _latin(words), align="L", new_x=XPos.LMARGIN, new_y=YPos.NEXT)
        pdf.ln(after)

    line(flash.title, 10, colour=QUIET)
    line(flash.dateline, 20, "B", after=2)
    line(flash.headline[:1].upper() + flash.headline[1:], 11, after=2)
    if flash.partial:
        line(flash.partial, 10, "B", colour=(147, 55, 13), after=1)
    right = pdf.w - MARGIN
    for title, figures in flash.groups:
        pdf.ln(1.5)
        line(title.upper(), 8, "B", colour=QUIET, after=0.5)
        for figure in figures:
            top = pdf.get_y()
            pdf.set_draw_color(*RULE)
            pdf.line(MARGIN, top, right, top)
            pdf.set_xy(MARGIN, top + 1.5)
            pdf.set_font(FONT, "B", 11)
            pdf.set_text_color(*INK)
            pdf.cell(72, 5, _latin(figure.label))
            pdf.cell(26, 5, _latin(figure.words(figure.value)), align="R")
            colour = flash_charts.COLOURS[figure.direction].lstrip("#")
            pdf.set_text_color(*(int(colour[at : at + 2], 16) for at in (0, 2, 4)))
            pdf.cell(26, 5, _latin(figure.moved), align="R")
            pdf.set_xy(MARGIN, top + 7)
            pdf.set_font(FONT, "", 8.5)
            pdf.set_text_color(*QUIET)
            pdf.cell(124, 4, _latin(figure.against))
            chart = flash_charts.png(figure, DAYS)
            pdf.image(chart, right - CHART[0], top + 2.5, *CHART, alt_text=_latin(figure.chart_in_words))
            pdf.set_xy(MARGIN, top + ROW)
    pdf.ln(1)
    line(f"{_FOOT} Charts are the {DAYS} days up to it.", 8, colour=QUIET)
    return bytes(pdf.output())


def _latin(words: str) -> str:
    """In the letters that the font has: a minus and a dash as hyphens, anything else unknown as a question mark."""
    return words.replace("−", "-").replace("–", "-").encode("latin-1", "replace").decode("latin-1")
