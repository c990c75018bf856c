"""Text to checked records, each with its line and byte offset.

Two ways lead through here. The fast one decodes a line straight into a row (`Shape.decode`). Whatever that can't take
without any doubt goes the exact way, `jsontext` and `Shape.judge`, which decide alone. The exact way also takes apart
what a producer glued together on one line, and puts together what it spread over several.
"""

from __future__ import annotations

import re
from contextlib import suppress
from itertools import accumulate, islice

from loaders import encodings, jsontext
from loaders.batches import Accepted, Batch, Piece, batch_of, behind_blanks
from loaders.judge import Invalid
from loaders.rejected import Keeper, Rejected
from loaders.shapes import NOT_FAST, Judged, Shape
from loaders.textfiles import Refused

BLANKS = b" \t\r\n"
BOM = b"\xef\xbb\xbf"
# A record may go on over several lines (pretty-printed), but a line that only forgot to end must not swallow the file.
MAX_MULTILINE = 16 << 20
# A line without end, or a file that may be one array of records, is kept in memory up to this size; then the records
# it holds are given out piece by piece, though what comes after them may still prove to be no record.
PATIENCE = 12 << 20
# A file with a longer record (or a longer line of what is none) is refused: it could not be put aside either.
MAX_RECORD = 128 << 20
# Where a record is glued to another, the border is looked for so far ahead; a longer one is judged.
_GLUED = 64 << 10
# Between two elements of an array, most likely.
_BORDER = re.compile(rb"}[ \t\r\n]*+,[ \t\r\n]*+{")
_NEWLINE, _BRACE = 0x0A, 0x7B


class Reader:
    """Reads the text of one file, block by block: give each to `read` or `feed`, the last with `final`."""

    def __init__(self, shape: Shape, region: str | None) -> None:
        self.shape = shape
        self.keeper = Keeper(shape, region)
        self.line = 1  # number of the line that the next text begins on
        self.offset = 0  # its position in the file
        self._carry: list[bytes | memoryview] = []
        self._carried = 0  # bytes in it
        self._patience = PATIENCE
        self._started = False
        self._mark = 0  # length of the byte-order mark that is still to be skipped
        self._encoding: str | None = None  # where it is not UTF-8
        # Whether the file may be one array of records, which only its end can tell; None while all is blank.
        self._array: bool | None = None
        self.within_array = False  # whether records of it were given out
        self.within_line = False  # whether records were given out of the line that the next text begins on

    def feed(self, block: bytes, final: bool = False) -> Batch | None:
        """The records whose end is now known, as columns; None when there is none yet."""
        piece = self.read(block, final)
        return None if piece is None else batch_of([piece]).without_invalid()

    def read(self, block: bytes, final: bool = False) -> Piece | None:
        """The records whose end is now known; None when there is none yet."""
        # Lines longer than a block only collect here; joining them once keeps this linear.
        self._carry.append(block)
        self._carried += len(block)
        if not final and self._carried < self._patience and (b"\n" not in block or self._array):
            return None
        rest = b""
        if self._array is False and self._encoding is None and not final:
            # The line that has only begun is not copied to and fro.
            cut = block.rfind(b"\n") + 1
            if cut:
                self._carry[-1], rest = memoryview(block)[:cut], block[cut:]
        text = b"".join(self._carry)
        self._carry = []
        if not self._started and not self._start(text, final):
            return None
        text = text[self._mark :]
        self._mark = 0
        if not text:
            return None
        if self._array is None and (first := text.lstrip(BLANKS)[:1]):
            self._array = first == b"["
        piece, consumed = self._read(text, final)
        self.offset += consumed
        text = text[consumed:] + rest
        self._keep(text)
        if piece is not None:
            piece.close()
        if not consumed:
            if len(text) > MAX_RECORD:
                raise Refused(
                    f"it holds a record (or a line) of more than {MAX_RECORD >> 20} MiB at byte {self.offset}"
                )
            self._patience = min(max(2 * len(text), PATIENCE), MAX_RECORD + 1)
        return piece

    def _start(self, text: bytes, final: bool) -> bool:
        """See what file this is; False when that needs more of it."""
        if len(text) < encodings.ENOUGH and not final:
            self._keep(text)
            return False
        self._started = True
        foreign = encodings.detect(text)
        if foreign:
            self._encoding, self._mark = foreign
            self.keeper.encoding = self._encoding
            self._array = False
        else:
            self._mark = len(BOM) if text.startswith(BOM) else 0
        self.offset += self._mark
        return True

    def _keep(self, text: bytes) -> None:
        self._carry = [text] if text else []
        self._carried = len(text)
        self._patience = PATIENCE

    def _read(self, text: bytes, final: bool) -> tuple[Piece | None, int]:
        """What is known of the records of a text, and how much of it that uses up."""
        if self._encoding is not None:
            piece, consumed = _Pass(self, text, final).foreign(self._encoding)
            self.line += len(piece.rejected) + piece.blank_lines
            return piece, consumed
        if self._array:
            if not final and len(text) < PATIENCE:
                return None, 0
            found = _Pass(self, text, final).array()
            self._array = found is not None and not final
            if found is not None:
                if found[1]:
                    self.within_array = self.within_line = True
                self.line += text.count(b"\n", 0, found[1])
                return found
        cut = len(text) if final else text.rfind(b"\n") + 1
        some = _Pass(self, text[:cut] if cut else text, final)
        piece, consumed = some.run()
        self.line += len(piece.lines) if 0 < consumed == cut and not final else text.count(b"\n", 0, consumed)
        if consumed:
            self.within_line = text[consumed - 1] != _NEWLINE
        return piece, consumed


class _Pass:
    """One text of whole lines on its way to a Piece."""

    def __init__(self, reader: Reader, text: bytes, final: bool) -> None:
        self.reader, self.text, self.final = reader, text, final
        self.shape = reader.shape
        lines = text.split(b"\n")
        if not lines[-1]:
            lines.pop()
        self.piece = Piece(reader.shape, reader.keeper, reader.line, reader.offset, text, lines)
        self.open = not final and b"\n" not in text  # whether the one line goes on in text that is not here yet
        self.stop = 0  # where that line was left

    def run(self) -> tuple[Piece, int]:
        """The records, and how much of the text they use up."""
        piece, decode = self.piece, self.shape.decode
        lines, rows = piece.lines, piece.rows
        begin = at = 0
        ahead = iter(lines)
        while at < len(lines):
            before = len(rows)
            # What is decoded before a line that is not stays in `rows`.
            with suppress(*NOT_FAST):
                rows.extend(map(decode, ahead))
            fast = len(rows) - before
            piece.index.extend(range(at, at + fast))
            piece.before.extend(accumulate(map(len, lines[at : at + fast]), initial=begin - at))
            at += fast
            begin = piece.before.pop() + at
            if at == len(lines):
                break
            following = begin + len(lines[at]) + 1
            if lines[at].strip(BLANKS):
                resume = self._slowly(lines[at], begin, at)
                if resume < 0:
                    return piece, max(begin, self.stop)
            else:
                resume = jsontext.skip_blanks(self.text, begin)  # all blank lines at once
                blank = self.text.count(b"\n", begin, resume) if resume < len(self.text) else len(lines) - at
                piece.blank_lines += blank - (at == 0 and self.reader.within_line)
                next(islice(ahead, blank - 1, blank - 1), None)
                at += blank
                begin = self.text.rfind(b"\n", begin, resume) + 1
                continue
            at += 1
            while following < resume and at < len(lines):  # the exact way has gone past it
                following += len(next(ahead)) + 1
                at += 1
            begin = following
        return piece, len(self.text)

    def foreign(self, encoding: str) -> tuple[Piece, int]:
        """The lines of a file that is not UTF-8, none of which is a record, and how much of the text they are."""
        piece = self.piece
        consumed = 0
        for start, end in encodings.lines(self.text, encoding):
            line = encodings.without_end(self.text[start:end], encoding)
            if end == len(self.text) and end - start == len(line) and not self.final:
                break
            if encodings.is_blank(line, encoding):
                piece.blank_lines += 1
            else:
                fault = Invalid("wrong_encoding", None, f"the file is {encoding} and not UTF-8")
                piece.rejected.append(piece.reject(fault, len(piece.rejected) + piece.blank_lines, start, line))
            consumed = end
        return piece, consumed

    def array(self) -> tuple[Piece, int] | None:
        """The records of a text that is one array of objects and nothing else; None when it is no such array.

        Of a text that is not whole, those of which a comma tells that another follows, and how much of it they are.
        """
        text = self.text
        outcomes: list[Accepted | Rejected] = []
        between: list[bytes] = []  # what stands around the records
        end = 0  # of the last record
        position = jsontext.skip_blanks(text, 0)
        if not self.reader.within_array:
            position = jsontext.skip_blanks(text, position + 1)
        counted, line = 0, 0
        while text[position : position + 1] != b"]":
            border = _BORDER.search(text, position, position + _GLUED)
            judged = self.shape.drifted(text[position : border.start() + 1]) if border else None
            if border is not None and judged is not None:
                line += text.count(b"\n", counted, position)
                counted = position
                outcomes.append(Accepted(judged.row, judged.extra, line, position))
                between.append(text[end:position])
                end, position = border.start() + 1, border.end() - 1
                continue
            try:
                parsed = jsontext.scan(text, position)
            except jsontext.NotJson as error:
                if not self.final and jsontext.is_cut(text, error):
                    return self._given_out(outcomes, [*between, text[end:position]], position if outcomes else 0)
                return None
            if not isinstance(parsed.value, dict):
                return None
            line += text.count(b"\n", counted, position)
            counted = position
            after = jsontext.skip_blanks(text, parsed.end)
            if after == len(text) and not self.final:
                return self._given_out(outcomes, [*between, text[end:position]], position if outcomes else 0)
            outcomes.append(self.piece.judge(parsed, line))
            between.append(text[end:position])
            end, position = parsed.end, after
            if text[position : position + 1] == b",":
                position = jsontext.skip_blanks(text, position + 1)
                if text[position : position + 1] == b"]":
                    return None
            elif text[position : position + 1] != b"]":
                return None
        if text[position + 1 :].strip(BLANKS):
            return None
        return self._given_out(outcomes, [*between, text[end:].removesuffix(b"\n")], len(text))

    def _given_out(self, outcomes: list[Accepted | Rejected], between: list[bytes], consumed: int) -> tuple[Piece, int]:
        """Some elements of an array; `between` is the text around them."""
        if not consumed:
            return self.piece, 0
        self._settle(outcomes)
        # The first line and the last belong to elements that stand elsewhere.
        around = b"{" * self.reader.within_line + b"{".join(between) + b"{" * (consumed < len(self.text))
        self.piece.blank_lines = sum(not line.strip(BLANKS) for line in around.split(b"\n"))
        return self.piece, consumed

    def _slowly(self, line: bytes, begin: int, at: int) -> int:
        """Take the line `at`, which begins at `begin`, and maybe some after it; return where the next line begins.

        -1: the record may go on in text that is not here yet.
        """
        drifted = self.shape.drifted(line)
        if drifted is None:
            return self._exactly(begin, at)
        self.piece.accept(Accepted(drifted.row, drifted.extra, at, begin))
        return begin + len(line) + 1

    def _exactly(self, begin: int, at: int) -> int:
        """As `_slowly`: judge the records that stand there one by one."""
        text = self.text
        outcomes: list[Accepted | Rejected] = []
        position = behind_blanks(text, begin)
        counted, line = begin, at  # the line of what was read last
        end = _line_end(text, begin)
        objects = True  # so far
        while position < len(text) and text[position] != _NEWLINE:
            if position > end:
                end = _line_end(text, position)
            line += text.count(b"\n", counted, position)
            counted = position
            glued = self._glued(position, end, alone=not outcomes) if objects else None
            if glued is not None:
                judged, position = glued
                outcomes.append(Accepted(judged.row, judged.extra, line, counted))
                position = behind_blanks(text, position)
                continue
            try:
                parsed = self._scan(position)
                if outcomes and not (objects and isinstance(parsed.value, dict)):
                    raise jsontext.NotJson(position, "the line holds several values that are no records")
            except jsontext.NotJson as error:
                if self.open:
                    if outcomes and objects and jsontext.is_cut(text, error):
                        self._settle(outcomes)
                        self.stop = position
                    return -1
                if error.incomplete and not self.final and len(text) - begin <= MAX_MULTILINE:
                    return -1
                if outcomes and objects:
                    fault = Invalid("trailing_text", None, "a record is followed by text that is no record")
                    rejected = self.piece.reject(fault, at, begin, text[begin:end].removesuffix(b"\r"))
                else:
                    rejected = self.piece.not_json(error, begin, end, at)
                self.piece.rejected.append(rejected)
                return end + 1
            objects = isinstance(parsed.value, dict)
            outcomes.append(self.piece.judge(parsed, line))
            position = behind_blanks(text, parsed.end)
        self._settle(outcomes)
        return position + 1

    def _glued(self, position: int, end: int, alone: bool) -> tuple[Judged, int] | None:
        """The record from a position to where the next is glued on (or to the line's end), and where that is.

        None where there is any doubt. `alone`: nothing stands before it on the line, which was tried as a whole.
        """
        far = min(end, position + _GLUED)
        found = self.text.find(b"}{", position, far)
        stop = found + 1 if found >= 0 else far
        if (stop == end and alone) or (found < 0 and far < end):
            return None
        judged = self.shape.drifted(self.text[position:stop])
        return None if judged is None else (judged, stop)

    def _scan(self, position: int) -> jsontext.Parsed:
        """The value at a position; over several lines only an object goes on, and only if nothing speaks against it."""
        try:
            parsed = jsontext.scan(self.text, position)
        except jsontext.NotJson as error:
            if self.text[position] != _BRACE:
                error.incomplete = False
            raise
        span = self.text[position : parsed.end]
        if b"\n" in span:
            deep = any(reason == "too_deep" for reason, _ in parsed.faults)
            # A line that begins with a brace begins a record of its own.
            if not isinstance(parsed.value, dict) or b"\n{" in span or deep or len(span) > MAX_MULTILINE:
                raise jsontext.NotJson(_line_end(self.text, position), "the record does not end on its line")
        return parsed

    def _settle(self, outcomes: list[Accepted | Rejected]) -> None:
        for outcome in outcomes:
            if isinstance(outcome, Rejected):
                self.piece.rejected.append(outcome)
            else:
                self.piece.accept(outcome)


def _line_end(text: bytes, position: int) -> int:
    """Position of the newline at or after a position, or of the text's end."""
    found = text.find(b"\n", position)
    return len(text) if found < 0 else found
