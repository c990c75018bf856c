"""The chart of a figure: its days as bars, the day itself darker. PNG, because mail programs show nothing else."""

import base64
import io
from typing import TYPE_CHECKING

from PIL import Image, ImageDraw

if TYPE_CHECKING:
    from reports.flash import Figure

WIDTH, HEIGHT = 132, 36  # as shown; drawn three times as large, for the screens of phones
SCALE = 3
OTHER_DAYS = "#c9cfd8"
COLOURS = {"down": "#b42318", "up": "#157347", "steady": "#475467", "unknown": "#475467"}


def png(figure: "Figure", slots: int) -> bytes:
    """Bars on a zero line, in as many slots as a full chart has days, so that charts of a page are alike."""
    image = Image.new("RGB", (WIDTH * SCALE, HEIGHT * SCALE), "white")
    draw = ImageDraw.Draw(image)
    largest = max((value for value in figure.days if value is not None), default=0.0) or 1.0
    step = WIDTH * SCALE / slots
    base = HEIGHT * SCALE - 1
    free = slots - len(figure.days)
    draw.line([(0, base), (WIDTH * SCALE, base)], fill=OTHER_DAYS, width=SCALE)
    for number, value in enumerate(figure.days, start=free):
        if value:
            top = base - (HEIGHT * SCALE - 4) * value / largest
            colour = COLOURS[figure.direction] if number == slots - 1 else OTHER_DAYS
            draw.rectangle([(number * step, min(top, base - SCALE)), ((number + 1) * step - SCALE, base)], fill=colour)
    out = io.BytesIO()
    image.quantize(16).save(out, "PNG", optimize=True)
    return out.getvalue()


def as_data(figure: "Figure", slots: int) -> str:
    """The chart as an address that holds it."""
    return "data:image/png;base64," + base64.b64encode(png(figure, slots)).decode()
