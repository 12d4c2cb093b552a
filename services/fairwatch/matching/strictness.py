"""How much a reading may differ from a listed plate to become a candidate, and how near a face has to be."""

from typing import Self

from pydantic import Field, model_validator

from fairwatch.matching.models import Strict, ThresholdPolicy

DEFAULT_PLATES = 0.75
DEFAULT_POLICY = "plates-2026-11"


class PlateStrictness(Strict):
    """What a reading of a listed plate needs."""

    threshold: float = Field(default=DEFAULT_PLATES, gt=0, le=1, description="likelihood, in (0,1]")
    policy: str = Field(default=DEFAULT_POLICY, min_length=1, description="name of it all, written into candidates")
    confusable: bool = Field(default=True, description="whether characters that readers confuse may differ")
    characters_per_confusion: int = Field(default=3, ge=1, description="one such for each so many, at least one")
    edit_from: int = Field(
        default=5, ge=5, description="characters from which on an entry's edit counts; a shorter plate says too little"
    )
    alternatives: bool = Field(default=True, description="whether a reader's other hypotheses of a plate count")
    least_evidence: float | None = Field(
        default=None, ge=0, description="log10 of the likelihood ratio that it takes beside the threshold"
    )


class ListPolicy(Strict):
    """What holds for some lists: the entries under some authorisations, or under those of some objectives."""

    name: str = Field(min_length=1, max_length=60, description="written into candidates")
    authorisations: frozenset[str] = Field(default=frozenset(), description="ids; before objectives")
    objectives: frozenset[str] = Field(default=frozenset(), description="of authorisations, such as missing_person")
    plates: PlateStrictness | None = Field(default=None, description="None for what holds for all")
    faces: ThresholdPolicy | None = Field(default=None, description="None for that of models.yaml")

    @model_validator(mode="after")
    def _named(self) -> Self:
        if not self.authorisations and not self.objectives:
            raise ValueError("names neither authorisations nor objectives: it would hold for no list")
        if self.plates and self.plates.policy == DEFAULT_POLICY and self.plates != PlateStrictness():
            raise ValueError("plates of its own need a policy of their own: candidates name what they rest on")
        if self.faces and "id" not in self.faces.model_fields_set:
            raise ValueError("faces of its own need an id of their own: candidates name what they rest on")
        return self
