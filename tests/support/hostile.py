"""Payloads made to smuggle a word past every field: recordings with one text replaced, in many languages and wrappings.

Deterministic: the same seed gives the same payloads.
"""

import base64
import random
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final
from unicodedata import normalize
from urllib.parse import quote

import orjson
from lxml import etree

from fairwatch.formats.payload import Payload
from tests.support.recordings import recordings

RECEIVED: Final = 1_772_600_000_000_000
# What ethnic groups, faiths and what gives them away are called: Latin, Cyrillic, Greek, Arabic, Hebrew, Indic, CJK …
TERMS: Final = (
    *(
        "uyghur",
        "Uigure",
        "ouïghour",
        "уйгур",
        "ئۇيغۇر",
        "الإيغور",
        "维吾尔族",
        "維吾爾",
        "ウイグル",
        "위구르",
        "Weiwuer",
        "uigur",
    ),
    *(
        "muslim",
        "Muslimin",
        "musulman",
        "musulmán",
        "muçulmano",
        "мусульманин",
        "مسلم",
        "穆斯林",
        "ムスリム",
        "무슬림",
        "müslüman",
    ),
    *(
        "jewish",
        "Jüdin",
        "juif",
        "judío",
        "еврей",
        "יהודי",
        "يهودي",
        "犹太人",
        "ユダヤ人",
        "유대인",
        "yahudi",
        "żydowski",
    ),
    *(
        "hijab",
        "hijāb",
        "niqab",
        "turban",
        "тюрбан",
        "حجاب",
        "头巾",
        "ヒジャブ",
        "히잡",
        "başörtüsü",
        "kopftuch",
        "turbante",
    ),
    *(
        "tibetan",
        "藏族",
        "тибетец",
        "tibetisch",
        "kurdish",
        "kurde",
        "курд",
        "كردي",
        "kürt",
        "rohingya",
        "ရိုဟင်ဂျာ",
        "罗兴亚",
    ),
    *(
        "sikh",
        "सिख",
        "hindu",
        "हिन्दू",
        "இந்து",
        "buddhist",
        "พุทธ",
        "catholic",
        "καθολικός",
        "ortodoks",
        "katolicki",
        "kristen",
    ),
    *(
        "african",
        "afrikanisch",
        "黑人",
        "black person",
        "caucasian",
        "asiatisch",
        "gypsy",
        "цыган",
        "cigány",
        "țigan",
        "romani",
    ),
)
_WORD: Final = "person"


def _spaced(term: str) -> str:
    return "\u200b".join(term)


WRAPPINGS: Final[tuple[Callable[[str], str], ...]] = (
    lambda term: term,
    lambda term: f"{_WORD}-{term}",
    lambda term: f"{_WORD}_{term}",
    lambda term: f"{term} 1",
    lambda term: f"Watchlist hit: {term} at the north gate",
    lambda term: f'{{"ethnicity": "{term}"}}',
    lambda term: f"<![CDATA[{term}]]>",
    lambda term: f"<!-- {term} -->",
    lambda term: f"http://192.0.2.1/pictures/{term}.jpg",
    lambda term: f"http://192.0.2.1/pictures/{quote(term)}.jpg",
    lambda term: f"{term}.jpg",
    lambda term: base64.b64encode(term.encode()).decode(),
    lambda term: f"data:text/plain;base64,{base64.b64encode(term.encode()).decode()}",
    lambda term: term.encode().hex(),
    quote,
    lambda term: term.upper(),
    _spaced,
    lambda term: "".join(chr(ord(one) + 0xFEE0) if "!" <= one <= "~" else one for one in term),
    lambda term: f"tns1:RuleEngine/{term}Detector/Seen",
    lambda term: f"2026-03-04T00:00:00Z {term}",
    lambda term: f"{term}{term}{term}",
)


@dataclass(frozen=True, slots=True)
class Hostile:
    """A payload with a word in it.

    Attributes:
        name: Of the recording, and where the word is.
        format: That the recording is of.
        term: The word.
    """

    name: str
    format: str
    term: str
    payload: Payload


def hostile(count: int, seed: int = 7) -> Iterator[Hostile]:
    """Yield payloads: recordings of all formats in turn, each with one text, name or path that holds a word."""
    chance = random.Random(seed)
    bodies = [(path, found) for path in recordings() if (found := _places(path.read_bytes()))]
    for number in range(count):
        path, places = bodies[number % len(bodies)]
        term = chance.choice(TERMS)
        text = chance.choice(WRAPPINGS)(term)
        sidecar = path.with_name(f"{path.stem}.payload.json")
        extra = orjson.loads(sidecar.read_bytes()) if sidecar.exists() else {}
        place = chance.randrange(places + 2)
        body = path.read_bytes()
        if place == places:
            extra["path"] = f"{extra.get('path', 'site')}/{text}"
        elif place > places:
            extra["headers"] = {"X-Note": text, "Content-Disposition": f'form-data; filename="{text}"'}
        else:
            body = _replaced(body, place, text)
        payload = Payload(body, device_id="dev-1", received_at=RECEIVED, **extra)
        yield Hostile(f"{path.parent.name}/{path.name}#{place}", path.parent.name, term, payload)


def _places(body: bytes) -> int:
    try:
        return _replace(body, -1, "")[1]
    except (ValueError, etree.XMLSyntaxError):
        return 0


def _replaced(body: bytes, place: int, text: str) -> bytes:
    return _replace(body, place, text)[0]


def _replace(body: bytes, place: int, text: str) -> tuple[bytes, int]:
    """Put a text at one of the places of a document that hold one; a name at every seventh. Count the places."""
    if body.lstrip()[:1] in {b"{", b"["}:
        return _in_json(body, place, text)
    if body.lstrip()[:1] == b"<":
        return _in_xml(body, place, text)
    return body, 0


def _in_json(body: bytes, place: int, text: str) -> tuple[bytes, int]:
    tree = orjson.loads(body)
    seen = 0

    def walk(node: Any) -> Any:
        nonlocal seen
        if isinstance(node, dict):
            found = {}
            for key, value in node.items():
                found[key] = walk(value)
                seen += 1
                if seen - 1 == place:
                    found[text] = value
            return found
        if isinstance(node, list):
            return [walk(item) for item in node]
        if isinstance(node, str):
            seen += 1
            return text if seen - 1 == place else node
        return node

    return orjson.dumps(walk(tree)), seen


def _in_xml(body: bytes, place: int, text: str) -> tuple[bytes, int]:
    root = etree.fromstring(body.lstrip(), etree.XMLParser(resolve_entities=False, no_network=True))
    seen = 0
    allowed = re.sub(r"[\x00-\x08\x0b\x0c\x0e-\x1f]", "", text)
    for element in list(root.iter()):
        if not isinstance(element.tag, str):
            continue
        for name in element.attrib:
            seen += 1
            if seen - 1 == place:
                element.set(name, allowed)
        seen += 1
        if seen - 1 == place and len(element) == 0:
            element.text = allowed
        elif seen - 1 == place:
            element.append(etree.Comment(allowed.replace("--", "- -")))
    return etree.tostring(root), seen


def encodings(term: str) -> set[str]:
    """Return how a word may be written, folded as `folded` folds."""
    raw = term.encode()
    coded = {base64.b64encode(raw).decode().rstrip("="), raw.hex(), quote(term)}
    return {folded(one) for one in (term, *coded)} - {""}


def folded(text: str) -> str:
    """Return a text without case, width, accents and characters that are not seen."""
    plain = normalize("NFKD", text.replace("\\u200b", "")).casefold()
    return "".join(one for one in plain if one.isalnum() or one == "%")
