"""Hashes of plates: what is left without one character has one hash, however it was come by."""

from hypothesis import given
from hypothesis import strategies as st

from fairwatch.matching.plate_hashes import AT_ONCE, LONGEST, hashes, shortened_hashes

PLATES = st.lists(st.text("A17京", max_size=LONGEST + 3), max_size=6)


@given(PLATES)
def test_a_shortened_plate_has_the_hash_of_its_text(plates: list[str]) -> None:
    keys, owners = shortened_hashes(plates)

    for number, plate in enumerate(plates):
        shorter = [plate[:i] + plate[i + 1 :] for i in range(len(plate))]
        assert set(keys[owners == number].tolist()) == set(hashes(shorter).tolist())


def test_plates_beyond_the_first_lot_keep_their_numbers() -> None:
    _, owners = shortened_hashes(["ABC"] * (AT_ONCE + 1))

    assert owners.tolist() == [number for number in range(AT_ONCE + 1) for _ in range(3)]


def test_different_plates_hardly_ever_share_a_hash() -> None:
    plates = [f"AB{number}" for number in range(10_000)]

    assert len(set(hashes(plates).tolist())) > len(plates) - 5
