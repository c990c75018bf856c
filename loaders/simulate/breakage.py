"""The ways a record goes wrong: each makes one valid JSON line one that has to be quarantined, and says its kind."""

import re
from collections.abc import Callable
from random import Random

Break = Callable[[str, Random], bytes | None]

BAD_TIMES = (
    '"2026-02-30T10:00:00Z"',
    '"2026-01-31"',
    '"2026-01-31T10:00:00"',
    '"2026-06-30T23:59:60Z"',
    '"2026-01-31T24:00:00Z"',
    '"2026-01-31T10:00Z"',
    '"2026-01-31 10:00:00Z"',
    '"2026-01-31T10:00:00.1234567890Z"',
    '"2026-13-01T10:00:00Z"',
    '"1969-12-31T23:59:59Z"',
    '"2101-01-01T00:00:00Z"',
    '"1769853600000"',
    '"yesterday"',
    '""',
    "-1",
    "4133980800000",
    "1769853600000.5",
    "true",
)


def _with(member: str) -> Break:
    """Add something to the end of the record."""
    return lambda line, _: f"{line[:-1]},{member}}}".encode()


def _replace(pattern: str, *instead: str) -> Break:
    r"""Replace the first match by one of some texts, in which \1 is its group; none without a match."""
    compiled = re.compile(pattern)

    def broken(line: str, rng: Random) -> bytes | None:
        chosen = rng.choice(instead)
        changed, count = compiled.subn(chosen, line, count=1)
        return changed.encode() if count else None

    return broken


def _one_of(*breaks: Break) -> Break:
    """Try one at random, and the others when the record does not lend itself to it."""

    def broken(line: str, rng: Random) -> bytes | None:
        for choice in rng.sample(breaks, len(breaks)):
            changed = choice(line, rng)
            if changed is not None:
                return changed
        return None

    return broken


def _cut(line: str, rng: Random) -> bytes:
    whole = line.encode()
    return whole[: rng.randrange(2, len(whole))]


TEXT = r'"(?:[^"\\]|\\.)*"'
NUMBER = r"-?\d+(?:\.\d+)?"
TIME = rf"(?:{TEXT}|\d+)"

# Not JSON, or not an object: these make the whole line one record.
UNREADABLE: dict[str, Break] = {
    "truncated": _cut,
    "trailing_text": lambda line, rng: (line + rng.choice((" ok", "]", "}", ' "more"', "{"))).encode(),
    "not_an_object": lambda line, rng: rng.choice((f"[{line}]", '"hello"', "42", "null", "true")).encode(),
    "nan": _one_of(_with('"gain":NaN'), _with('"gain":-Infinity')),
    "comment": _one_of(_with('"gain":1/* debug */'), _with('"gain":1//debug')),
    "trailing_comma": lambda line, _: f"{line[:-1]},}}".encode(),
    "control_character": _with('"note":"a\tb\x01"'),
    "bad_utf8": lambda line, rng: line[:-1].encode() + b',"note":"%b"}' % rng.choice((b"\xff\xfe", b"\xed\xa0\x80")),
    "bad_escape": _with('"note":"\\x41"'),
    "leading_zero": _with('"build":012'),
    "single_quotes": _with("'note':'a'"),
}

# JSON, but not by the contract or with a key twice: also on a line with others each is judged alone.
EVENT: dict[str, Break] = {
    "duplicate_key": _one_of(_with('"receivedtime":0'), _with('"eventid":"again"')),
    "duplicate_key_escaped": _with('"client\\u0069d":"again"'),
    "duplicate_key_nested": _with('"context":{"a":1,"b":[{"c":1,"d":2,"c":3}]}'),
    "too_deep": lambda line, _: f'{line[:-1]},"deep":{"[" * 600}{"]" * 600}}}'.encode(),
    "missing_required": _one_of(
        _replace(rf'"receivedtime":{TIME},', ""),
        _replace(rf'"clientid":{TEXT},', ""),
        _replace(rf'"eventid":{TEXT},', ""),
        _replace(rf'"(?:playid|screen|granttype|service|outcome|showid|notificationid|campaignid)":{TEXT},', ""),
    ),
    "null_required": _one_of(
        _replace(rf'"eventtime":{TIME}', '"eventtime":null'), _replace(rf'"clientid":{TEXT}', '"clientid":null')
    ),
    "wrong_type": _one_of(
        _replace(rf'"clientid":{TEXT}', '"clientid":17', '"clientid":["a"]', '"clientid":false'),
        _replace(rf'"userid":{TEXT}', '"userid":12345', '"userid":{"id":"u1"}'),
    ),
    "number_as_text": _replace(rf'"(secondslistened|secondsonscreen|confidence|latencyms)":{NUMBER}', r'"\1":"12"'),
    "integer_as_float": _replace(rf'"latencyms":{NUMBER}', '"latencyms":12.0', '"latencyms":1e1'),
    "boolean_as_number": _replace(rf'"durationseconds":{NUMBER}', '"durationseconds":true'),
    "bad_enum": _one_of(
        _replace(rf'"platform":{TEXT}', '"platform":"fridge"', '"platform":"iOS"', '"platform":""'),
        _replace(rf'"(action|kind|outcome)":{TEXT}', r'"\1":"rewind"', r'"\1":"Play"'),
    ),
    "bad_length": _one_of(
        _replace(rf'"eventid":{TEXT}', '"eventid":""', f'"eventid":"{"x" * 129}"'),
        _replace(rf'"countrycode":{TEXT}', '"countrycode":"DEU"', '"countrycode":"d"'),
    ),
    "out_of_range": _one_of(
        _replace(rf'"secondslistened":{NUMBER}', '"secondslistened":-1', '"secondslistened":86400.5'),
        _replace(rf'"durationseconds":{NUMBER}', '"durationseconds":0', '"durationseconds":-3'),
        _replace(rf'"confidence":{NUMBER}', '"confidence":1.01', '"confidence":-0.1'),
        _replace(rf'"latencyms":{NUMBER}', '"latencyms":-5'),
        _replace(rf'"secondsonscreen":{NUMBER}', '"secondsonscreen":-0.5'),
    ),
    "bad_timestamp": _one_of(
        _replace(rf'"eventtime":{TIME}', *(f'"eventtime":{bad}' for bad in BAD_TIMES)),
        _replace(rf'"receivedtime":{TIME}', *(f'"receivedtime":{bad}' for bad in BAD_TIMES)),
        _replace(rf'"senttime":{TIME}', *(f'"senttime":{bad}' for bad in BAD_TIMES)),
    ),
}  # fmt: skip

CHANGE: dict[str, Break] = {
    "duplicate_key": _with('"updatedat":0'),
    "missing_required": _one_of(
        _replace(rf'"updatedat":{TIME},', ""), _replace(rf',"(?:showid|creatorid|model)":{TEXT}', "")
    ),
    "wrong_type": _replace(rf'"(showid|creatorid|model)":{TEXT}', r'"\1":7', r'"\1":null'),
    "bad_enum": _replace(rf'"op":{TEXT}', '"op":"insert"', '"op":""', '"op":"UPSERT"'),
    "bad_timestamp": _replace(rf'"updatedat":{TIME}', *(f'"updatedat":{bad}' for bad in BAD_TIMES)),
}

ITEM: dict[str, Break] = {
    "missing_required": _replace(rf'"id":{{"[sS]":{TEXT}}},', ""),
    "wrong_type": _replace(rf'"clientId":{{"[sS]":{TEXT}}}', '"clientId":{"BOOL":true}', '"clientId":{"N":"1"}'),
    "unknown_type": _replace(rf'"clientId":{{"[sS]":{TEXT}}}', '"clientId":{"X":"a"}', '"clientId":{}'),
    "bad_enum": _replace(rf'"status":{{"[sS]":{TEXT}}}', '"status":{"S":"gone"}'),
    "bad_timestamp": _replace(
        rf'"(createdAt|registeredAt)":{{"[sS]":{TEXT}}}',
        r'"\1":{"S":"2026-02-30T10:00:00Z"}',
        r'"\1":{"S":"2026-01-31"}',
    ),
}
