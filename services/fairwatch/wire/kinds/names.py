"""Tokens for names that devices send: `rule:3f9ac2` stands for one name of one device, and tells nobody which."""

import re
from functools import lru_cache
from hashlib import blake2s
from typing import Final

TOKEN: Final = re.compile(r"[a-z]{2,12}:(?:[0-9a-f]{6}|[0-9a-f]{16})")
_SHORT: Final = 3  # bytes of a name's token
_LONG: Final = 8  # bytes of an id's, of which a device has many more
_KEY_LENGTH: Final = 32


# Of what a device's name may be the name, as `Device.names_by_kind` and tokens say it; NAME is of anything else.
NAME: Final = "name"
NAME_KINDS: Final = ("rule", "zone", "channel", "module", "device", NAME)


def kind_and_name(text: str) -> tuple[str, str]:
    """Return (kind, name) of a text such as `rule:Line 1`; the kind is empty where the text says none."""
    kind, colon, name = text.partition(":")
    said = kind.strip().casefold()
    return (said, name.strip()) if colon and name.strip() and said in NAME_KINDS else ("", text)


def is_token(text: str) -> bool:
    """Tell whether a text is a token already."""
    return TOKEN.fullmatch(text) is not None


class Names:
    """Makes tokens. The same secret makes the same tokens, in `normalize`, in `enrich` and for whoever looks one up.

    Args:
        secret: Without it a token can be guessed at: hashed are the names of one device, so that a list of likely names
            must be tried for each device by itself.
    """

    def __init__(self, secret: str = "") -> None:
        self._secret = blake2s(secret.encode()).digest()
        self._remembered = lru_cache(maxsize=8_192)(self._token)

    def token(self, device_id: str, noun: str, name: str) -> str:
        """Return the token of a device's name; case, spaces around it and the noun do not change its number."""
        return self._remembered(device_id, noun, name)

    def _token(self, device_id: str, noun: str, name: str) -> str:
        key = blake2s(device_id.encode("utf-8", "replace"), key=self._secret).digest()
        size = _LONG if noun == "id" else _SHORT
        plain = name.strip().casefold().encode("utf-8", "replace")
        return f"{noun}:{blake2s(plain, key=key[:_KEY_LENGTH], digest_size=size).hexdigest()}"
