"""The brake on guessing: it stops an address that guesses, and never the device that was there before.

An address that has sent too many wrong credentials is refused before its next answer is looked at: a right one among
the guesses would otherwise be found. But somebody who guesses behind the address of a device must not silence the
device. So a device that has proved itself from there lately is let through to the check, where it shows what nobody
guesses: an API key or certificate, or an answer to a nonce that it, and so nobody else, has proved before.
"""

from fairwatch.domain.clock import Clock
from fairwatch.edges.auth.peer import Peer
from fairwatch.edges.limits import TokenBuckets
from fairwatch.edges.refusal import RefusedError

KNOWN_S = 86_400
KNOWN = 100_000  # pairs of address and device
NONCES = 8  # of one pair: connections that it uses side by side


class Guesses:
    """Counts wrong credentials.

    Args:
        rate_per_s: Wrong credentials that an address may send in the long run.
        burst: At once.
        clock: Time.
    """

    def __init__(self, rate_per_s: float, burst: float, clock: Clock) -> None:
        self._places = TokenBuckets(rate_per_s, burst, clock)
        self._pairs = TokenBuckets(rate_per_s, burst, clock)
        self._clock = clock
        self._known: dict[tuple[str, str], tuple[int, dict[str, None]]] = {}

    def check(self, peer: Peer, device_id: str, *, nonce: str | None = None) -> None:
        """Refuse an answer unseen, if its address guesses.

        Args:
            peer: Who calls.
            device_id: Who it claims to be.
            nonce: That it answers; None with a credential that cannot be guessed.

        Raises:
            RefusedError: 429 rate_limited.
        """
        wait = self._places.wait(peer.place)
        if not wait:
            return
        pair = (peer.place, device_id)
        proved_at, nonces = self._known.get(pair, (0, {}))
        if proved_at and self._clock.now() - proved_at < KNOWN_S * 1_000_000:
            if nonce is None or nonce in nonces:
                return
            wait = self._pairs.wait("\n".join(pair))
            if not wait:
                return
        raise RefusedError(429, "rate_limited", "too many wrong credentials", retry_after_s=wait)

    def failed(self, peer: Peer, device_id: str) -> None:
        """Count a wrong credential."""
        self._places.take(peer.place)
        self._pairs.take(f"{peer.place}\n{device_id}")

    def proved(self, peer: Peer, device_id: str, nonce: str = "") -> None:
        """Remember that a device has proved itself, and with which nonce, or which it is given next."""
        pair = (peer.place, device_id)
        nonces = self._known.pop(pair, (0, {}))[1]
        if nonce:
            nonces.pop(nonce, None)
            nonces[nonce] = None
            if len(nonces) > NONCES:
                del nonces[next(iter(nonces))]
        self._known[pair] = (self._clock.now(), nonces)
        if len(self._known) > KNOWN:
            del self._known[next(iter(self._known))]
