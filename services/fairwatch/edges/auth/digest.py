"""The server's half of HTTP digest authentication: RFC 7616 (SHA-256) and RFC 2617 (MD5), qop `auth` only.

Nonces are signed instead of stored, so that unauthenticated callers cost no memory; nonce counts are remembered only
for callers that proved their password (`stores.nonce_counts`).
"""

import hashlib
import hmac
import re
import secrets
from collections.abc import Mapping, Sequence
from typing import Literal, Protocol

from fairwatch.domain.clock import Clock
from fairwatch.edges.auth.accounts import HASHES
from fairwatch.stores.nonce_counts import MemoryNonceCounts, NonceCounts

Algorithm = Literal["MD5", "SHA-256"]
Verdict = Literal["right", "stale", "wrong"]

# The last quote may be missing: some devices leave it open.
_PARAMETER = re.compile(r'\s*([A-Za-z-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)(?:"|$)|([^\s",]+))\s*(?:,|$)')
_COUNT = re.compile(r"[0-9a-fA-F]{1,8}")
_BY_LENGTH: dict[int, Algorithm] = {32: "MD5", 64: "SHA-256"}


class Account(Protocol):
    """User name, hashes of the password and the algorithms that its owner may use."""

    @property
    def username(self) -> str:
        """Return the user name."""
        ...

    def ha1(self, algorithm: str, realm: str) -> str:
        """Return the hash of user name, realm and password."""
        ...

    @property
    def algorithms(self) -> Sequence[Algorithm]:
        """Return the algorithms, preferred first."""
        ...


class Digest:
    """Challenges callers and checks their answers.

    Args:
        realm: Protection space, shown to callers.
        clock: Where nonces get their age from.
        lifetime_s: Seconds that a nonce is good for.
        secret: Signs nonces; give every replica behind one address the same.
        counts: What was used with them; give every replica behind one address the same.
    """

    def __init__(
        self,
        realm: str,
        clock: Clock,
        *,
        lifetime_s: float = 300,
        secret: bytes | None = None,
        counts: NonceCounts | None = None,
    ) -> None:
        self.realm = realm
        self._clock = clock
        self._lifetime = round(lifetime_s * 1_000_000)
        self._secret = secret or secrets.token_bytes(32)
        self._opaque = self._sign("opaque")
        self._counts = counts or MemoryNonceCounts(clock, lifetime_s)

    def challenges(self, algorithms: Sequence[Algorithm], *, stale: bool = False) -> list[str]:
        """Return the values of `WWW-Authenticate`, one for each algorithm."""
        issued = f"{self._clock.now():x}.{secrets.token_hex(8)}"
        nonce = f"{issued}.{self._sign(issued)}"
        suffix = ",stale=true" if stale else ""
        # No blanks behind the commas: some devices part the challenge there and do not trim what they get.
        return [
            f'Digest realm="{self.realm}",qop="auth",algorithm={algorithm},'
            f'nonce="{nonce}",opaque="{self._opaque}"{suffix}'
            for algorithm in algorithms
        ]

    async def verify(self, header: str, method: str, target: str, account: Account) -> Verdict:
        """Judge an `Authorization` header.

        Args:
            header: Its value.
            method: Method of the request.
            target: Request target as sent (path and query).
            account: Whom the caller claims to be.

        Returns:
            `stale` when the password is right but the nonce is expired, forged or already used with this count.
        """
        given = parse_authorization(header)
        if given is None or not self._is_answer(given, target, account):
            return "wrong"
        algorithm = _algorithm(given)
        if algorithm is None or algorithm not in account.algorithms:
            return "wrong"
        expected = answer(account, algorithm, self.realm, method, given)
        if not hmac.compare_digest(expected.encode(), given["response"].lower().encode()):
            return "wrong"
        fresh = self._is_fresh(given["nonce"]) and await self._counts.use(given["nonce"], int(given["nc"], 16))
        return "right" if fresh else "stale"

    def _is_answer(self, given: Mapping[str, str], target: str, account: Account) -> bool:
        return (
            {"username", "realm", "nonce", "uri", "response", "qop", "nc", "cnonce"} <= given.keys()
            and given["username"] == account.username
            and given["realm"] == self.realm
            and given["qop"] == "auth"
            and (given.get("opaque") or self._opaque) == self._opaque
            and _COUNT.fullmatch(given["nc"]) is not None
            and given["cnonce"] != ""
            and _target(given["uri"]) == target.rstrip("/")
        )

    def _is_fresh(self, nonce: str) -> bool:
        issued, _, signature = nonce.rpartition(".")
        if not hmac.compare_digest(self._sign(issued).encode(), signature.encode()):
            return False
        return 0 <= self._clock.now() - int(issued.partition(".")[0], 16) <= self._lifetime

    def _sign(self, text: str) -> str:
        return hmac.new(self._secret, f"{self.realm}\n{text}".encode(), hashlib.sha256).hexdigest()[:32]


def parse_authorization(header: str) -> dict[str, str] | None:
    """Return the parameters of a digest header with lower-case names, or None when it is not one."""
    scheme, _, rest = header.strip().partition(" ")
    if scheme.lower() != "digest":
        return None
    found: dict[str, str] = {}
    position = 0
    while position < len(rest):
        part = _PARAMETER.match(rest, position)
        if part is None or part[1].lower() in found:
            return None
        found[part[1].lower()] = re.sub(r"\\(.)", r"\1", part[2]) if part[2] is not None else part[3]
        position = part.end()
    return found


def answer(account: Account, algorithm: Algorithm, realm: str, method: str, given: Mapping[str, str]) -> str:
    """Return the response that the right password gives; `given` holds nonce, nc, cnonce, qop and uri."""

    def digest(*parts: str) -> str:
        return hashlib.new(HASHES[algorithm], ":".join(parts).encode(), usedforsecurity=False).hexdigest()

    return digest(
        account.ha1(algorithm, realm),
        given["nonce"],
        given["nc"],
        given["cnonce"],
        given["qop"],
        digest(method, given["uri"]),
    )


def _algorithm(given: Mapping[str, str]) -> Algorithm | None:
    """Return what the response was made with, by its length: devices that know one name repeat another all the same."""
    return _BY_LENGTH.get(len(given["response"]))


def _target(uri: str) -> str:
    """Return path and query of a request target without a slash at its end; some senders write the whole address."""
    if uri.lower().startswith(("http://", "https://")):
        _, slash, rest = uri.partition("://")[2].partition("/")
        uri = slash + rest
    return uri.rstrip("/")
