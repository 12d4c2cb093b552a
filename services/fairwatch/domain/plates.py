"""Bounds of what is said of plates."""

from typing import Final

MOST_ALTERNATIVES: Final = 10  # other hypotheses of a plate that count; OpenALPR gives ten in all unless asked for more
