"""Looks for somebody or something among what was seen before."""
