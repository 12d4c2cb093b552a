"""Plate Recognizer."""
