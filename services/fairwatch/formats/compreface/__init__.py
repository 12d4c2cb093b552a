"""CompreFace."""
