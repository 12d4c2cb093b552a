"""Times as devices write them. Each becomes {utc, raw, zone, precision}; the raw text is never rewritten."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone
from email.utils import parsedate_to_datetime
from functools import lru_cache
from typing import Any, Final

from fairwatch.domain.device_clock import hour_of
from fairwatch.formats.environment import Environment
from fairwatch.formats.language.converters.registry import Converter, build, converter
from fairwatch.formats.language.converters.scalars import as_number, as_text
from fairwatch.formats.payload import Payload

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
# Some firmware loses the plus sign of the offset, or a form decoder turns it into a space.
_LOST_SIGN: Final = re.compile(r"^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?) ?(\d\d:\d\d)$")
_DATE_TIME: Final = re.compile(
    r"^(\d{4}-\d\d?-\d\d?)[T ](\d{1,2}:\d{1,2}(?::\d{1,2})?)(?:[.,](\d+))?\s*(Z|z|[+-]\d{1,2}(?::?\d\d)?)?$"
)
_OFFSET: Final = re.compile(r"^([+-])(\d{1,2}):?(\d\d)?$")
_PLAIN: Final = re.compile(r"\d{4}-\d\d-\d\dT(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:Z|[+-]\d\d:\d\d)")
_BASIC: Final = re.compile(r"^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)(.*)$")
_LATEST: Final = 253_402_300_799_000_000  # the end of the year 9999
_LONGEST: Final = 64
_LAST_HOUR: Final = 24
_NOWHERE: Final = Environment(Payload(b""))  # of a device whose zone is not known


def micros(moment: datetime) -> int:
    """Return microseconds since 1970 UTC of an aware time."""
    since = moment - _EPOCH
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


def _offset(moment: datetime) -> str:
    delta = moment.utcoffset() or timedelta()
    minutes = int(delta.total_seconds() // 60)
    sign = "-" if minutes < 0 else "+"
    return f"{sign}{abs(minutes) // 60:02d}:{abs(minutes) % 60:02d}"


def _precision(fraction: str | None) -> str:
    if not fraction:
        return "SECOND"
    return "MILLISECOND" if len(fraction) <= 3 else "MICROSECOND"  # noqa: PLR2004  # digits


@lru_cache(maxsize=512)
def _fixed(minutes: int) -> timezone:
    return timezone(timedelta(minutes=minutes))


def _assume(moment: datetime, env: Environment, default: int) -> tuple[datetime, str]:
    zone = env.zone()
    if zone is not None:
        return hour_of(moment.replace(tzinfo=zone), env.payload.received_at), "ASSUMED_SITE"
    if default:
        aware = moment.replace(tzinfo=_fixed(default))
        return aware, f"ASSUMED_{_offset(aware)}"
    return moment.replace(tzinfo=UTC), "ASSUMED_UTC"


def _source_time(moment: datetime, zone: str, fraction: str | None, raw: str) -> dict[str, Any]:
    return {"utc": micros(moment), "raw": raw, "zone": zone, "precision": _precision(fraction)}


@lru_cache(maxsize=4096)
def _normal(text: str) -> tuple[datetime, str | None]:
    """Return a date and time with the fraction's digits, after mending what devices do to it."""
    if len(text) > _LONGEST:
        raise ValueError(f"{text[:_LONGEST]!r}… is not a time")
    if text[3:4] == "," and text[:3].isalpha():  # as in headers of HTTP: Thu, 05 Mar 2026 10:11:12 GMT
        return parsedate_to_datetime(text), None
    lost = _LOST_SIGN.match(text)
    if lost:
        text = f"{lost[1]}+{lost[2]}"
    if basic := _BASIC.match(text):
        text = "{}-{}-{}T{}:{}:{}{}".format(*basic.groups())
    found = _DATE_TIME.match(text)
    if not found:
        raise ValueError(f"{text!r} is not a time")
    day, clock, fraction, zone = found[1], found[2], found[3], (found[4] or "").upper()
    if len(day) < 10:  # noqa: PLR2004  # yyyy-mm-dd
        day = "-".join(part.zfill(2) for part in day.split("-"))
    micros_ = f".{fraction[:6]:0<6}" if fraction else ""
    return datetime.fromisoformat(f"{day}T00:00:00{micros_}{_spelled_offset(zone)}") + _since_midnight(clock), fraction


def _since_midnight(clock: str) -> timedelta:
    """Return how long after midnight a clock says it is: 24:00, leap seconds and minutes that overflow are carried."""
    hours, minutes, seconds = (int(part) for part in (*clock.split(":"), "0")[:3])
    if hours > _LAST_HOUR:
        raise ValueError(f"{clock!r} is no time of day")
    return timedelta(hours=hours, minutes=minutes, seconds=seconds)


def _spelled_offset(zone: str) -> str:
    """Return an offset with two digits each, whatever the device wrote of it: `-6:00`, `+5`, `+0530`."""
    found = _OFFSET.match(zone)
    return f"{found[1]}{found[2].zfill(2)}:{found[3] or '00'}" if found else zone


def read_date_time(value: Any, env: Environment, default_minutes: int = 0) -> dict[str, Any]:
    """Read an ISO 8601 date and time, with what devices do to it: lost signs, spaces, one-digit months, no zone."""
    raw = as_text(value)
    if _PLAIN.fullmatch(raw):
        moment, fraction = datetime.fromisoformat(raw), None
    else:
        moment, fraction = _normal(raw.strip())
    if moment.tzinfo is None:
        moment, zone = _assume(moment, env, default_minutes)
    else:
        zone = (
            "+00:00"
            if raw[-1:] in {"Z", "z"}
            else raw[-6:]
            if raw[-3:-2] == ":" and raw[-6] in "+-"
            else _offset(moment)
        )
    return _source_time(moment, zone, fraction, raw)


def _written(value: dict[str, Any]) -> str:
    moment = _EPOCH + timedelta(microseconds=value["utc"])
    return moment.isoformat(timespec="seconds" if not value["utc"] % 1_000_000 else "milliseconds").replace(
        "+00:00", "Z"
    )


@converter("rfc3339")
def rfc3339(default_minutes: str = "0") -> Converter:
    """An xs:dateTime; without an offset it is the device's local time, else the given minutes east of UTC."""
    default = int(default_minutes)

    def encode(value: Any) -> str:
        raw = value.get("raw") or ""
        return raw if raw[4:5] == "-" and "T" in raw else _written(value)

    return Converter(lambda value, env: read_date_time(value, env, default), encode)


@converter("unix")
def unix(unit: str = "seconds") -> Converter:
    """Seconds (or milliseconds) since 1970, perhaps with a fraction."""
    scale = {"seconds": 1_000_000, "milliseconds": 1_000}[unit]

    def decode(value: Any, _: object) -> dict[str, Any]:
        utc = round((value if type(value) is float else as_number(value)) * scale)
        if not 0 <= utc <= _LATEST:
            raise ValueError(f"{value} is not a time")
        raw = as_text(value)
        fraction = raw.partition(".")[2] if unit == "seconds" else "000"
        return {"utc": utc, "raw": raw, "zone": "+00:00", "precision": _precision(fraction)}

    def encode(value: Any) -> float:
        raw = value.get("raw") or ""
        if raw.replace(".", "", 1).isdigit() and round(float(raw) * scale) == value["utc"]:
            return float(raw) if "." in raw else int(raw)
        return float(value["utc"]) / scale

    return Converter(decode, encode)


_SINCE_1970: Final = {10: unix(), 13: unix("milliseconds")}  # by the number of digits


@converter("digits")
def digits(default_minutes: str = "0") -> Converter:
    """yyyyMMddHHmmss, with or without milliseconds; local time of the device, else the given minutes east of UTC.

    Some devices write seconds or milliseconds since 1970 in its place, or a date and time with dashes.
    """
    default = int(default_minutes)

    @lru_cache(maxsize=8_192)  # the same second is written many times in one message, and in the next ones
    def known(raw: str) -> Mapping[str, Any]:
        return read(raw, _NOWHERE)

    def read(raw: str, env: Environment) -> dict[str, Any]:
        text = raw.strip()
        if since := _SINCE_1970.get(len(text)) if text.isdecimal() else None:
            found: dict[str, Any] = since.decode(raw, env)
            return found
        if not text.isdecimal() or len(text) not in {14, 17}:
            return read_date_time(raw, env, default)
        year, month, day = int(text[:4]), int(text[4:6]), int(text[6:8])
        rest = int(text[8:10]), int(text[10:12]), int(text[12:14])
        moment, zone = _assume(datetime(year, month, day, *rest, int(text[14:] or 0) * 1000), env, default)  # noqa: DTZ001  # the zone follows
        return _source_time(moment, zone, text[14:] or None, raw)

    def decode(value: Any, env: Environment) -> dict[str, Any]:
        raw = as_text(value)
        if len(raw) > _LONGEST:
            raise ValueError("it is too long for a time")
        return read(raw, env) if env.payload.time_zone else {**known(raw)}

    def encode(value: Any) -> str:
        raw = value.get("raw") or ""
        if raw.isdecimal() and len(raw) in {14, 17}:
            return str(raw)
        moment = _EPOCH + timedelta(microseconds=value["utc"], minutes=default)
        millis = f"{value['utc'] // 1000 % 1000:03d}" if value.get("precision", "SECOND") != "SECOND" else ""
        return moment.strftime("%Y%m%d%H%M%S") + millis

    return Converter(decode, encode)


@converter("micros")
def micros_of(*name: str) -> Converter:
    """A time in the notation of another converter (`micros digits 480`), as microseconds since 1970 alone."""
    times = build(" ".join(name))
    encode = times.encode
    return Converter(
        lambda value, env: times.decode(value, env)["utc"],
        (lambda value: encode({"utc": value})) if encode else None,
        exact=False,
    )
