"""NVIDIA DeepStream."""
