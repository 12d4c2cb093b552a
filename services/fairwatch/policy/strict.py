"""What files that people write are read into."""

from pydantic import BaseModel, ConfigDict


class Strict(BaseModel):
    """A model in which a typing error is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)
