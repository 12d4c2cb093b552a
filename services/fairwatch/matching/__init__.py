"""Faces and plates: arrays and texts in, findings out."""
