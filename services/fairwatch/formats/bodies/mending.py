"""Mends what devices get wrong in otherwise whole documents, so that one flaw costs no more than its own value.

Only what would be refused is mended, so that good documents pay nothing. Nothing that is missing is made up: a document
that was cut stays malformed.
"""

import re
from collections.abc import Iterator
from typing import Final

_PADDING: Final = b"\0 \t\r\n"
_AMPERSAND: Final = re.compile(r"&(?!#[0-9]{1,7};|#x[0-9a-fA-F]{1,6};|(?:amp|lt|gt|quot|apos);)")
_NO_XML: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_REFERENCE: Final = re.compile(r"&#(?:0*(?:[0-8]|1[124-9]|2[0-9]|3[01])|x0*(?:[0-8bcefBCEF]|1[0-9a-fA-F]));")
_DECLARATION: Final = re.compile(r"^\s*<\?xml[^>]{0,300}\?>")
_CONTROL: Final = re.compile("[\x00-\x1f]")
_LONE: Final = re.compile(
    r"\\u[dD][89abAB][0-9a-fA-F]{2}(?!\\u[dD][c-fC-F][0-9a-fA-F]{2})"
    r"|(?<!\\u[dD][89abAB][0-9a-fA-F]{2})\\u[dD][c-fC-F][0-9a-fA-F]{2}"
)


def mended_xml(body: bytes, charset: str = "utf-8") -> bytes:
    """Return an XML document in UTF-8, without what no XML may hold.

    Bytes that are not of the charset become U+FFFD, an ampersand that begins no reference is escaped, controls and the
    NULs after the end go. A prefix that is declared nowhere is the parser's affair.
    """
    text = body.strip(_PADDING).decode(charset, "replace")
    text = _DECLARATION.sub("", text, count=1)
    return _AMPERSAND.sub("&amp;", _REFERENCE.sub("", _NO_XML.sub("", text))).encode("utf-8", "replace")


def mended_json(body: bytes) -> Iterator[bytes]:
    """Yield what a JSON document may have been meant to be, from the least change on.

    Bytes that are not UTF-8 become U+FFFD and the NULs after the end go; then controls in texts become blanks and
    halves of surrogate pairs U+FFFD.
    """
    text = body.strip(_PADDING).decode("utf-8", "replace")
    yield text.encode()
    text = _LONE.sub(r"\\ufffd", _CONTROL.sub(" ", text))
    yield text.encode()
