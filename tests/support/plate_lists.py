"""Random plates of a script, and lists of them, for properties that compare with everything."""

from typing import Any

from hypothesis import strategies as st

from fairwatch.matching.plate_confusion import PARTNERS, SCRIPTS

COUNTRIES = (None, "CN", "RU", "GB")


def texts_of(script: str, letters: str, min_size: int) -> st.SearchStrategy[str]:
    """Give texts of some letters of a script, of what is confused with them, and of digits of every script."""
    confused = "".join(char for char in PARTNERS if char in "".join(SCRIPTS.get(script, {}).values()))
    return st.text(letters + confused + "0818", min_size=min_size, max_size=8)


def lists_of(texts: st.SearchStrategy[str]) -> st.SearchStrategy[list[dict[str, Any]]]:
    """Give lists of up to eight entries: entry_id, plate, plate_edits, plate_country."""
    rows = st.lists(st.tuples(texts, st.integers(0, 1), st.sampled_from(COUNTRIES)), max_size=8)
    return rows.map(_entries)


def _entries(rows: list[tuple[str, int, str | None]]) -> list[dict[str, Any]]:
    return [
        {"entry_id": f"e{n}", "plate": plate, "plate_edits": edits, "plate_country": country}
        for n, (plate, edits, country) in enumerate(rows)
    ]
