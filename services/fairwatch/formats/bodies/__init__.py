"""Bodies: bytes as they came over the wire to uniform trees, bounded and hostile input refused."""
