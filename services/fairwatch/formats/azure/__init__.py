"""Azure Face and Computer Vision."""
