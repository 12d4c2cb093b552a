"""The front door: one file for each command group."""
