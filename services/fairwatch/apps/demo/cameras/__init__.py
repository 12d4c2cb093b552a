"""Simulated devices; each speaks its maker's own protocol over a real socket."""
