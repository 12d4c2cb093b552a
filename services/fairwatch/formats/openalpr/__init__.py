"""OpenALPR and Rekor."""
