"""The web application for people: alerts, candidates to decide on, and the health of the pipeline."""
