"""Plays events through the real route, group and notify on a clock that is moved by hand: for tests of rules."""
