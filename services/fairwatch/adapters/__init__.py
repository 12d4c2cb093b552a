"""The two-way declaration language of formats."""
