"""A small client of Confluent's schema registry API (Karapace, Apicurio, Confluent): ids of our schemas, cached."""

import base64
import json
import time
import urllib.error
import urllib.request
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlsplit, urlunsplit

from fairwatch.domain.errors import ConfigurationError, RetryableError
from fairwatch.wire.schemas import Schema, recognised

_TIMEOUT_S = 3.0
_AWAY_FOR_S = 0.5  # many records may wait for the same answer: they do not ask one after the other
_UNKNOWN_FOR_S = 30.0  # a poison message must not cause a request each time it is read
# A new version has to be read by old readers and the other way round: only optional fields are ever added.
COMPATIBILITY = "FULL_TRANSITIVE"
_CONFLICT = 409
_MEDIA_TYPE = "application/vnd.schemaregistry.v1+json"


@dataclass(frozen=True, slots=True)
class Registered:
    """A schema as the registry knows it."""

    schema: Schema
    subject: str
    id: int
    new: bool


class Registry:
    """Ids of schemas, asked for once each.

    Subjects follow the record name strategy (`fairwatch.Observation`), since one record serves several topics.
    Requests block for at most 3 s and happen only the first time that a record or an id is met; what is known stays
    known while the registry is away.

    Args:
        url: http or https; credentials may be given as `https://user:password@host`.
    """

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ConfigurationError("registry_url: must be http://host[:port] or https://host[:port]")
        host = f"{parts.hostname}:{parts.port}" if parts.port else parts.hostname
        self._url = urlunsplit((parts.scheme, host, parts.path.rstrip("/"), "", ""))
        self._headers = {"Content-Type": _MEDIA_TYPE, "Accept": f"{_MEDIA_TYPE}, application/json"}
        if parts.username:
            pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
            self._headers["Authorization"] = "Basic " + base64.b64encode(pair.encode()).decode()
        self._ids: dict[bytes, int] = {}
        self._schemas: dict[int, Schema] = {}
        self._unknown: dict[int, float] = {}
        self._away: tuple[float, str] = (0.0, "")

    def id_of(self, schema: Schema) -> int:
        """Return the id of the schema, registering it when it is new there.

        Raises:
            RetryableError: The registry does not answer.
            ConfigurationError: It refuses the schema or the credentials.
        """
        if schema.fingerprint not in self._ids:
            known = self._ids[schema.fingerprint] = self._registered(schema).id
            self._schemas[known] = schema
        return self._ids[schema.fingerprint]

    def register(self, schema: Schema) -> Registered:
        """Register the schema unless it is there, and have the registry refuse what is not compatible with it.

        Raises:
            RetryableError: The registry does not answer.
            ConfigurationError: It refuses the schema or the credentials.
        """
        subject = _subject(schema)
        there = self._ask(f"/subjects/{subject}/versions") is not None
        if there:
            self._guard(subject)
        registered = self._registered(schema)
        if not there:  # some registries know no rules for a subject that they do not have
            self._guard(subject)
        return registered

    def missing(self, schemas: Iterable[Schema]) -> list[str]:
        """Return which of the schemas it does not have, as subject and version; registers nothing.

        Raises:
            RetryableError: The registry does not answer.
            ConfigurationError: It refuses the credentials.
        """
        return [
            f"{_subject(schema)} v{schema.version}"
            for schema in schemas
            if self._ask(f"/subjects/{_subject(schema)}", {"schema": json.dumps(schema.source)}) is None
        ]

    def _registered(self, schema: Schema) -> Registered:
        subject, body = _subject(schema), {"schema": json.dumps(schema.source)}
        known = self._ask(f"/subjects/{subject}", body)
        found = known or self._ask(f"/subjects/{subject}/versions", body)
        if found is None:
            raise ConfigurationError(f"registry_url: {self._url} has no subjects: is it a schema registry?")
        return Registered(schema, subject, int(found["id"]), new=known is None)

    def _guard(self, subject: str) -> None:
        found = self._ask(f"/config/{subject}")
        if found is None or found.get("compatibilityLevel") != COMPATIBILITY:
            self._ask(f"/config/{subject}", {"compatibility": COMPATIBILITY}, "PUT")

    def schema_of(self, schema_id: int) -> Schema | None:
        """Return the schema with that id, or None where it is of no record of ours (asked again after 30 s).

        Raises:
            RetryableError: The registry does not answer.
        """
        if schema_id not in self._schemas:
            if self._unknown.get(schema_id, 0.0) > time.monotonic():
                return None
            found = self._known(self._ask(f"/schemas/ids/{schema_id}"))
            if found is None:
                self._unknown[schema_id] = time.monotonic() + _UNKNOWN_FOR_S
                return None
            self._schemas[schema_id] = found
        return self._schemas[schema_id]

    @staticmethod
    def _known(answer: Any) -> Schema | None:
        if answer is None or answer.get("schemaType", "AVRO") != "AVRO":
            return None
        return recognised(answer.get("schema", ""))

    def _ask(self, path: str, body: dict[str, str] | None = None, method: str | None = None) -> Any | None:
        """Return the JSON answer, or None where nothing is there (404)."""
        asked = time.monotonic()
        until, why = self._away
        if until > asked:
            raise RetryableError(why)
        try:
            return self._answer(path, body, method)
        except RetryableError as error:
            now = time.monotonic()  # one that hangs must not keep its asker from all other work
            self._away = (now + max(_AWAY_FOR_S, now - asked), str(error))
            raise

    def _answer(self, path: str, body: dict[str, str] | None, method: str | None) -> Any | None:
        content = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self._url + path, content, self._headers, method=method)  # noqa: S310  scheme checked above
        try:
            with urllib.request.urlopen(request, timeout=_TIMEOUT_S) as answer:  # noqa: S310  scheme checked above
                return json.load(answer)
        except urllib.error.HTTPError as error:
            with error:
                _raise_unless_missing(error, self._url + path)
                return None
        except (OSError, ValueError) as error:
            raise RetryableError(f"schema registry {self._url} does not answer: {error}") from error


def _subject(schema: Schema) -> str:
    return f"{schema.source['namespace']}.{schema.type}"


def _raise_unless_missing(error: urllib.error.HTTPError, url: str) -> None:
    if error.code == 404:  # noqa: PLR2004  HTTP's own number
        return
    detail = error.read(500).decode("utf-8", "replace")
    if error.code in {408, 429} or error.code >= 500:  # noqa: PLR2004  HTTP's own numbers
        raise RetryableError(f"schema registry {url} answers {error.code}: {detail}")
    if error.code == _CONFLICT:
        raise ConfigurationError(f"schema registry: {url} holds an incompatible schema of that name: {detail}")
    raise ConfigurationError(f"registry_url: {url} answers {error.code}: {detail}")
