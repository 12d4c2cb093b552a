"""What several events together say: patterns over time, one key at a time."""
