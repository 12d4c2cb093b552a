"""A serving edge: the GA/T 1400 interface (VIID)."""
