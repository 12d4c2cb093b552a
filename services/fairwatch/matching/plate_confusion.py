"""Which characters readers take for each other, by script.

A class is closed: characters of different classes are never confusable, so that the class of each character is a key to
look plates up by. Within a class only the pairs that are named are confusable. Weights say how likely the one is when
readers say the other; they are judgements, not measured: `fairwatch plates calibrate` measures a reader.
"""

from collections.abc import Iterator
from typing import Final

STRONG, FAIR, WEAK = 0.9, 0.8, 0.7

LATIN: Final = {
    STRONG: "0O 1I 8B 5S 2Z",
    FAIR: "0D 0Q OQ OD 1L IL 6G UÜ OÖ OØ AÄ AÅ",
    WEAK: "DQ 4A 7T UV 0Ö 0Ø ÖØ ÄÅ VÜ",
}
# What is left of these scripts when letters that look Latin have become Latin ones.
CYRILLIC: Final = {FAIR: "3З ШЩ ИЙ", WEAK: "6Б 4Ч"}  # noqa: RUF001  # the point of this table
GREEK: Final = {WEAK: "ΛΔ ΞΣ"}
# Letters of one outline that differ in their dots, which cameras lose first.
ARABIC: Final = {FAIR: "بت بث تث جح حخ جخ دذ رز سش صض طظ عغ فق", WEAK: "بن تن ثن"}
THAI: Final = {FAIR: "กถ กภ ถภ ขช ชซ คด คต ดต บป ผฝ พฟ ฎฏ", WEAK: "ขซ คศ ดศ"}
# A stroke to the left or to the right, above or below.
HANGUL: Final = {FAIR: "가거 나너 다더 라러 마머 버바 서사 어아 저자 허하 고구 노누 도두 로루 모무 보부 소수 오우 조주"}
KANA: Final = {FAIR: "ねれ ねわ れわ ぬめ るろ はほ さき さち いり あお", WEAK: "きち"}
SCRIPTS: Final = {
    "Latin": LATIN, "Cyrillic": CYRILLIC, "Greek": GREEK, "Arabic": ARABIC, "Thai": THAI, "Hangul": HANGUL,
    "Kana": KANA,
}  # fmt: skip

CONFUSABLE: Final = {
    frozenset(pair): weight for table in SCRIPTS.values() for weight, pairs in table.items() for pair in pairs.split()
}


def classes() -> Iterator[set[str]]:
    """Yield each class of characters that are confusable with one another, also by way of others."""
    left = [set(pair) for pair in CONFUSABLE]
    while left:
        one = left.pop()
        while touching := [other for other in left if one & other]:
            one = one.union(*touching)
            left = [other for other in left if other not in touching]
        yield one


# A digit where there is one, then the first in order: the same in each process.
REPRESENTATIVE: Final = {ord(char): min(each) for each in classes() for char in each if char != min(each)}
PARTNERS: Final = {
    char: sum(char in pair for pair in CONFUSABLE) for char in frozenset[str]().union(*CONFUSABLE)
}  # with how many others a character is confusable
