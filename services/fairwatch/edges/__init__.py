"""Edges: the ways in. What all share lies here; each edge is one folder, of a kind: serve, subscribe or pull."""
