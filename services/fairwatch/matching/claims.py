"""A recognition of a device's own, as a finding: explained by the device's list, not by a threshold of ours."""

from typing import Final

from fairwatch.domain.records import RecognitionClaim
from fairwatch.matching.candidates import Finding
from fairwatch.policy.device_lists import ListedClaim

POLICY: Final = "device-list"


def claimed(claim: RecognitionClaim, listed: ListedClaim, format_: str) -> Finding:
    """Return the finding; its score is the device's own, 0 where it says none, and its threshold is not ours to know.

    Args:
        claim: What the device said.
        listed: The list by which it counts.
        format_: In what it was said, part of the algorithm's name: no two of these are compared.
    """
    similarity = claim.get("similarity")
    score = similarity["value"] if similarity else None
    said = "the device gave no score" if score is None else f"the device's own score is {score:.2f}"
    return Finding(
        score=score or 0.0,
        threshold=0.0,
        threshold_policy=f"{POLICY}:{listed.list_id}",
        algorithm=f"{POLICY}/{format_}",
        rank=1,
        margin=None,
        explanation=(f"recognised by the device itself, by its list {listed.list_id}", said),
    )
