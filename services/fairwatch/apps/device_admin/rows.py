"""Rows that somebody wrote about devices, from CSV or YAML, as records: all that is wrong with them at once."""

import csv
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path
from typing import Any, Final

import yaml
from pydantic import ValidationError

from fairwatch.domain.errors import ConfigurationError, RejectedError
from fairwatch.edges.auth.accounts import all_ha1
from fairwatch.edges.auth.sealing import Seal
from fairwatch.edges.credentials import DeviceBinding, explain, issue_api_key, load_secrets
from fairwatch.edges.device_records import access_of
from fairwatch.wire.json_form import from_json
from fairwatch.wire.kinds.names import kind_and_name
from fairwatch.wire.schemas import newest

PLACED: Final = (
    "name", "site_id", "formats", "aliases", "names", "manufacturer", "model", "serial", "address", "bearing_deg",
    "time_zone", "clock_policy", "parent_id", "geo", "zones",
)  # fmt: skip
_LISTS: Final = frozenset({"formats", "aliases", "names", "mqtt_topics", "sources"})
_NUMBERS: Final = frozenset({"bearing_deg"})
_FLAGS: Final = frozenset({"enabled", "api_key_in_path"})
_WAYS: Final = ("api_key_hash", "certificate_sha256", "digest", "mqtt_topics", "alert_stream")


@dataclass(slots=True)
class Rows:
    """What a file says.

    Attributes:
        records: `Device` records with their place in the file.
        keys: API keys that were made for rows which named no way to prove themselves, by device.
        faults: Everything that is wrong, each with its place.
    """

    records: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    keys: dict[str, str] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)


def read_rows(path: Path, folder: Path, seal: Seal | None) -> Rows:
    """Return the devices of a file.

    Args:
        path: CSV with a heading (lists are parted by `;`), or YAML with `devices:`, as devices.yaml has it. Besides,
            a row may say where the device stands.
        folder: Where password files lie.
        seal: Seals their passwords into the records; None names the files instead.

    Raises:
        ConfigurationError: The file cannot be read at all.
    """
    found, seen = Rows(), dict[str, str]()
    for place, row in _raw(path):
        try:
            record, key = record_of(row, folder, seal)
        except ConfigurationError as error:
            found.faults.append(f"{place}: {error}")
            continue
        device_id = record["device_id"]
        if device_id in seen:
            found.faults.append(f"{place}: device {device_id} is there twice, first at {seen[device_id]}")
            continue
        seen[device_id] = place
        found.records.append((place, record))
        if key:
            found.keys[device_id] = key
    return found


def record_of(row: Mapping[str, Any], folder: Path, seal: Seal | None) -> tuple[dict[str, Any], str]:
    """Return a row's record, and the API key that was made for it; empty where it says how it proves itself.

    Raises:
        ConfigurationError: All that is wrong with it.
    """
    said = {name: value for name, value in row.items() if value not in (None, "", [])}
    place: dict[str, Any] = {name: said.pop(name) for name in PLACED if name in said}
    key = ""
    if not any(said.get(way) for way in _WAYS):
        key, said["api_key_hash"] = issue_api_key()
    try:
        binding = DeviceBinding.model_validate(said)
        if seal is not None:
            load_secrets(binding, folder, seal)
        access = access_of(binding, _sealed(binding, seal))
    except ValidationError as error:
        raise ConfigurationError(explain(error)) from error
    formats = [binding.format] if binding.format else []
    if isinstance(place.get("names"), list):
        place.update(_by_kind(place.pop("names")))
    placed: dict[str, Any] = {"formats": formats, **place, "device_id": binding.device_id, "enabled": binding.enabled}
    try:
        return {**from_json(newest()["Device"], placed), "access": access}, key
    except RejectedError as error:
        raise ConfigurationError(error.detail) from error


def _by_kind(names: Iterable[Any]) -> dict[str, list[Any]]:
    """Return a row's names as fields of the record: `rule:Line 1` is the name of a rule only, `Line 1` of anything."""
    said = [kind_and_name(name) if isinstance(name, str) else ("", name) for name in names]
    found: dict[str, list[Any]] = {
        "names": [name for kind, name in said if not kind],
        "names_by_kind": [{"kind": kind.upper(), "name": name} for kind, name in said if kind],
    }
    return {field: value for field, value in found.items() if value}


def _sealed(binding: DeviceBinding, seal: Seal | None) -> dict[str, bytes]:
    """Return what is sealed of a device's passwords that lie in files."""
    found: dict[str, bytes] = {}
    digest, stream = binding.digest, binding.alert_stream
    if seal is not None and digest is not None and digest.password:
        hashes = all_ha1(digest.username, digest.password)
        found["digest"] = seal.close(digest.bound_to(binding.device_id), hashes)
    if seal is not None and stream is not None and stream.password and stream.sealed is None:
        found["alert_stream"] = seal.close(stream.bound_to(binding.device_id), stream.password)
    return found


def _raw(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield (place, row)."""
    try:
        text = path.read_text("utf-8-sig")
        content = None if path.suffix == ".csv" else yaml.safe_load(text)
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ConfigurationError(f"{path}: cannot be read: {error}") from error
    if path.suffix == ".csv":
        reader = csv.DictReader(StringIO(text))
        yield from ((f"{path}:{reader.line_num}", _row(row)) for row in reader)
        return
    rows = content.get("devices") if isinstance(content, dict) else content
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise ConfigurationError(f"{path}: is no list of devices, nor has one under `devices`")
    yield from ((f"{path}: devices[{number}]", row) for number, row in enumerate(rows))


def _row(cells: Mapping[str | None, Any]) -> dict[str, Any]:
    return {name: _cell(name, value) for name, value in cells.items() if name and value}


def _cell(name: str, value: str) -> Any:
    if name in _LISTS:
        return [one.strip() for one in value.split(";") if one.strip()]
    if name in _FLAGS:
        return value.strip().lower() in {"true", "yes", "1"}
    if name in _NUMBERS:
        try:
            return float(value)
        except ValueError:
            return value
    return value.strip()
