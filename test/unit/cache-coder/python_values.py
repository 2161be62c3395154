"""The Python side of the vectors: what Python writes of a value, and what it reads in a stored text.

    python3 python_values.py make > vectors.json
    python3 python_values.py read < [[kind, stored], ...]

Runs on Python 3.7 and later.
"""

import json
import sys
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from uuid import UUID

MICROSECOND = timedelta(microseconds=1)
EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


def offset(**parts):
    return timezone(timedelta(**parts))


def aware(moment):
    if moment.tzinfo is None:
        raise ValueError("naive")
    return [str((moment - EPOCH) // MICROSECOND), str(moment.utcoffset() // MICROSECOND)]


def naive(moment):
    if moment.tzinfo is not None:
        raise ValueError("aware")
    return [*moment.timetuple()[:6], moment.microsecond]


# kind: (write the value as JSON data, read it back, its parts)
KINDS = {
    "datetime": (lambda v: v.isoformat(), datetime.fromisoformat, aware),
    "plainDatetime": (lambda v: v.isoformat(), datetime.fromisoformat, naive),
    "date": (lambda v: v.isoformat(), date.fromisoformat, lambda v: [v.year, v.month, v.day]),
    "time": (
        lambda v: v.isoformat(),
        time.fromisoformat,
        lambda v: [v.hour, v.minute, v.second, v.microsecond],
    ),
    "timedelta": (
        lambda v: v.total_seconds(),
        lambda raw: timedelta(seconds=float(raw)),
        lambda v: str(v // MICROSECOND),
    ),
    "decimal": (str, Decimal, lambda v: format(v, "f")),
    "uuid": (str, UUID, lambda v: v.hex),
    "bytes": (bytes.hex, bytes.fromhex, list),
    "bigint": (str, int, str),
    "set": (list, set, sorted),
    "map": (lambda v: [list(pair) for pair in v.items()], dict, lambda v: sorted(v.items())),
}

VALUES = [
    ("datetime", datetime(2023, 11, 14, 23, 13, 20, 123456, timezone.utc)),
    ("datetime", datetime(2023, 11, 14, 23, 13, 20, 123000, timezone.utc)),
    ("datetime", datetime(2023, 11, 14, 23, 13, 20, 0, timezone.utc)),
    ("datetime", datetime(2023, 11, 14, 23, 13, 20, 1, timezone.utc)),
    ("datetime", datetime(2023, 11, 14, 23, 13, 20, 999999, offset(hours=5, minutes=30))),
    ("datetime", datetime(2023, 1, 1, 0, 0, 0, 0, offset(hours=-9, minutes=-30))),
    ("datetime", datetime(2024, 2, 29, 23, 59, 59, 0, offset(hours=14))),
    ("datetime", datetime(1930, 6, 1, 12, 0, 0, 0, offset(minutes=19, seconds=32))),
    ("datetime", datetime(1930, 6, 1, 12, 0, 0, 5, offset(seconds=-17, microseconds=-250))),
    ("datetime", datetime(1969, 12, 31, 23, 59, 59, 999999, timezone.utc)),
    ("datetime", datetime(1, 1, 1, 0, 0, 0, 0, timezone.utc)),
    ("datetime", datetime(9999, 12, 31, 23, 59, 59, 999999, timezone.utc)),
    ("plainDatetime", datetime(2023, 11, 14, 23, 13, 20, 123456)),
    ("plainDatetime", datetime(2023, 11, 14)),
    ("plainDatetime", datetime(1, 1, 1, 0, 0, 0, 10)),
    ("date", date(2023, 11, 14)),
    ("date", date(2024, 2, 29)),
    ("date", date(1, 1, 1)),
    ("date", date(9999, 12, 31)),
    ("time", time(0, 0)),
    ("time", time(23, 59, 59, 999999)),
    ("time", time(1, 2, 3, 4000)),
    ("time", time(12, 30)),
    ("timedelta", timedelta(0)),
    ("timedelta", timedelta(seconds=90)),
    ("timedelta", timedelta(microseconds=1)),
    ("timedelta", timedelta(microseconds=-1)),
    ("timedelta", timedelta(days=-1, seconds=1, microseconds=500000)),
    ("timedelta", timedelta(days=36500, microseconds=123457)),
    ("timedelta", timedelta(days=999999999)),
    ("decimal", Decimal("0")),
    ("decimal", Decimal("19.99")),
    ("decimal", Decimal("-0.000000001")),
    ("decimal", Decimal("1E+5")),
    ("decimal", Decimal("12345678901234567890.12345678901234567890")),
    ("decimal", Decimal("1E-30")),
    ("decimal", Decimal("-7")),
    ("uuid", UUID("12345678-1234-5678-1234-567812345678")),
    ("uuid", UUID("FFFFFFFF-ABCD-4BCD-8BCD-FFFFFFFFFFFF")),
    ("uuid", UUID(int=0)),
    ("bytes", b""),
    ("bytes", b"\x00\xff\x80abc"),
    ("bytes", bytes(range(256))),
    ("bigint", 0),
    ("bigint", -9007199254740993),
    ("bigint", 10**40),
    ("set", {3, 1, 2}),
    ("set", {"é"}),
    ("map", {"b": 1, "a": 2}),
    ("map", {2: "two", 10: "ten"}),
]


def dumps(data):
    return json.dumps(data, ensure_ascii=False, separators=(",", ":"))


def make():
    for kind, value in VALUES:
        write, _, parts = KINDS[kind]
        yield {"kind": kind, "stored": dumps(write(value)), "parts": parts(value)}


def read(stored_values):
    for kind, stored in stored_values:
        _, load, parts = KINDS[kind]
        yield parts(load(json.loads(stored)))


if sys.argv[1] == "make":
    print(json.dumps(list(make()), indent=1))
else:
    print(json.dumps(list(read(json.load(sys.stdin)))))
