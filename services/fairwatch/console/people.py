"""Who may sign in to the console: `people.yaml`, with argon2 hashes and no default password."""

import asyncio
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import yaml
from argon2 import PasswordHasher, Type, extract_parameters
from argon2.exceptions import InvalidHashError, VerificationError
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from fairwatch.domain.errors import ConfigurationError

Role = Literal["reviewer", "operator", "auditor", "admin", "requester", "approver"]
MEMORY_KIB = 19_456  # the least that OWASP recommends for argon2id
ROUNDS = 2
MIN_PASSWORD = 12
MAX_PASSWORD = 1_024
CHECKS_AT_ONCE = 2  # each takes tens of MiB


class Person(BaseModel):
    """One person; `name` is what decisions and the audit log carry, and is never given to somebody else."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9._@-]{0,63}$")
    display_name: str = Field(min_length=1, max_length=100)
    roles: frozenset[Role] = Field(min_length=1)
    password_hash: str = Field(repr=False)
    sites: frozenset[str] = Field(default=frozenset(), description="whose alerts they answer; none for all")

    @field_validator("password_hash")
    @classmethod
    def _strong(cls, value: str) -> str:
        try:
            found = extract_parameters(value)
        except InvalidHashError:
            raise ValueError("is no argon2 hash; make one with `fairwatch people hash`") from None
        if found.type is not Type.ID or found.memory_cost < MEMORY_KIB or found.time_cost < ROUNDS:
            raise ValueError("is too weak; make one with `fairwatch people hash`")
        return value


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid")

    people: list[Person]


class People:
    """The people of one file.

    Args:
        people: Everybody who may sign in.

    Raises:
        ConfigurationError: Two of them have the same name.
    """

    def __init__(self, people: list[Person]) -> None:
        self._by_name = {person.name: person for person in people}
        if len(self._by_name) < len(people):
            raise ConfigurationError("people: every name may be given once only")
        self._stranger = _stranger_hash(people)
        self._turn = asyncio.Semaphore(CHECKS_AT_ONCE)

    @classmethod
    def load(cls, path: Path) -> "People":
        """Read the file; ConfigurationError names file, place and what is wrong, never the hash."""
        try:
            content = yaml.safe_load(path.read_text(encoding="utf-8"))
            return cls(_File.model_validate(content or {"people": []}).people)
        except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
            raise ConfigurationError(f"{path}: cannot be read: {error}") from error
        except ValidationError as error:
            first = error.errors(include_input=False, include_url=False)[0]
            place = ".".join(str(part) for part in first["loc"])
            raise ConfigurationError(f"{path}: {place}: {first['msg']}") from error

    def __iter__(self) -> Iterator[Person]:
        return iter(self._by_name.values())

    def get(self, name: str) -> Person | None:
        """Return a person, or None."""
        return self._by_name.get(name)

    def display(self, name: str) -> str:
        """Return how to call a person on a page; the name where nobody of that name is left."""
        person = self._by_name.get(name)
        return person.display_name if person else name

    async def check(self, name: str, password: str) -> Person | None:
        """Return the person whose password this is; takes as long where nobody has that name."""
        person = self._by_name.get(name)
        known = person.password_hash if person else self._stranger
        async with self._turn:
            fits = await asyncio.to_thread(_verify, known, password)
        return person if fits else None


def hash_password(password: str) -> str:
    """Return the argon2id hash for `people.yaml`; ConfigurationError when the password is too short or long."""
    if not MIN_PASSWORD <= len(password) <= MAX_PASSWORD:
        raise ConfigurationError(f"a password has {MIN_PASSWORD} to {MAX_PASSWORD} characters")
    return PasswordHasher().hash(password)


def _verify(known: str, password: str) -> bool:
    try:
        return PasswordHasher().verify(known, password)
    except (VerificationError, InvalidHashError):
        return False


def _stranger_hash(people: list[Person]) -> str:
    """Return a hash of nobody's password that costs as much to check as the people's own."""
    costs = [extract_parameters(person.password_hash) for person in people]
    if not costs:
        return PasswordHasher().hash(secrets.token_urlsafe(32))
    dearest = max(costs, key=lambda cost: cost.memory_cost * cost.time_cost)
    return PasswordHasher.from_parameters(dearest).hash(secrets.token_urlsafe(32))
