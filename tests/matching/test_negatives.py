"""Somebody who was taken for a listed person before is not taken for that person again."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fairwatch.domain.errors import RejectedError, RetryableError
from fairwatch.matching.admission import Admission
from fairwatch.matching.face_search import FaceSearch
from fairwatch.matching.faces import Template
from fairwatch.matching.models import FaceConfig, ThresholdPolicy
from fairwatch.matching.negatives import Negatives
from fairwatch.stores.media import MediaStore
from tests.support.watchlist import entry

SPACE = "two numbers"


class TwoNumbers:
    """Reads two numbers as the template of a face: what models give, without models."""

    config = FaceConfig.model_construct(
        embedder=FaceConfig().embedder.model_copy(update={"dimensions": 2}), threshold=ThresholdPolicy()
    )
    template_space = SPACE
    runtime = "none"

    def read(self, content: bytes, _box: Any = None, *, alone: bool = False, above: float = -1.0) -> Template:
        if not content.startswith(b"at "):
            raise RejectedError("malformed", "no picture")
        x, y = map(float, content[3:].split())
        return Template(np.array([x, y], np.float32), SPACE, 0.9 if alone or above < 0.9 else 0.0)


@pytest.fixture
def media(tmp_path: Path) -> MediaStore:
    return MediaStore.open(f"file://{tmp_path}")


async def at(media: MediaStore, x: float, y: float = 0.0) -> dict[str, str]:
    uri = await media.put(f"at {x} {y}".encode(), "image/jpeg")
    return {"uri": uri, "sha256": uri.split(":")[1], "role": "REFERENCE"}


async def listed(media: MediaStore, *others: dict[str, str]) -> Any:
    return entry("ann", kind="FACE", plate=None, references=[await at(media, 0.0)], not_this_person=list(others))


def found(search: FaceSearch, x: float) -> tuple[list[str], int, list[str]]:
    looked = search.find(Template(np.array([x, 0], np.float32), SPACE, 0.9), Admission.under(["auth-1"]))
    said = [sentence for _, finding in looked.findings for sentence in finding.explanation]
    return [name for name, _ in looked.findings], looked.others, said


async def test_who_is_nearer_to_somebody_else_is_no_candidate_and_is_counted(media: MediaStore) -> None:
    search = FaceSearch(TwoNumbers(), media)  # type: ignore[arg-type]
    await search.enrol([await listed(media)])
    assert found(search, 0.4)[:2] == (["ann"], 0)
    await search.enrol([await listed(media, await at(media, 0.5))])
    assert found(search, 0.4)[:2] == ([], 1), "a tenth from the other, four tenths from the listed one"
    names, others, said = found(search, 0.1)
    assert (names, others) == (["ann"], 0)
    assert said[-1] == "nearest picture of somebody else who was taken for it: distance 0.400"


async def test_a_list_with_a_distance_of_its_own_is_asked_by_it(media: MediaStore) -> None:
    search = FaceSearch(TwoNumbers(), media)  # type: ignore[arg-type]
    await search.enrol([await listed(media)])
    face = Template(np.array([0.7, 0], np.float32), SPACE, 0.9)
    wide, narrow = ThresholdPolicy(id="wide", distance=0.8), ThresholdPolicy(id="narrow", distance=0.3)
    under = Admission.under(["auth-1"])
    assert not search.find(face, under).findings
    ((_, finding),) = search.find(face, under, lambda _: wide, 0.8).findings
    assert (finding.threshold_policy, finding.threshold) == ("wide", wide.threshold)
    assert not search.find(face, under, lambda _: narrow, 0.8).findings


async def test_other_people_go_with_their_entry_and_bad_pictures_count_for_nothing(media: MediaStore) -> None:
    held = Negatives(TwoNumbers(), media)  # type: ignore[arg-type]
    broken = {"uri": await media.put(b"nothing", "image/jpeg"), "role": "FACE"}
    gone = {"uri": "fw-media:" + "0" * 64, "role": "FACE"}
    face = Template(np.zeros(2, np.float32), SPACE, 0.9)
    one = await listed(media, await at(media, 0.5), broken, gone)
    await held.update([one])
    assert held.nearest("ann", face) == pytest.approx(0.5)
    await held.update([], ["somebody else"])
    assert held.nearest("ann", face) == pytest.approx(0.5)
    await held.update([{**one, "not_this_person": []}], ["ann"])
    assert held.nearest("ann", face) is None
    await held.update([one])
    await held.update([])
    assert held.nearest("ann", face) is None


async def test_a_media_store_that_is_away_is_asked_again(media: MediaStore) -> None:
    class Away:
        async def get(self, uri: str) -> bytes:
            raise RetryableError(f"{uri} cannot be had")

    held, one = Negatives(TwoNumbers(), Away()), await listed(media, await at(media, 0.5))  # type: ignore[arg-type]
    with pytest.raises(RetryableError):
        await held.update([one])
    held._media = media
    await held.update([one])
    assert held.nearest("ann", Template(np.zeros(2, np.float32), SPACE, 0.9)) == pytest.approx(0.5)
