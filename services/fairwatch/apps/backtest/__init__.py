"""Plays what was seen in the past through new rules, beside the old ones."""
