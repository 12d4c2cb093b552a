"""Registering devices: what `fairwatch devices` does."""
