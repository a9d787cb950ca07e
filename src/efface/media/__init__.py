"""Decode files to frames, and encode frames to files. The only package with PyAV, Pillow and
pillow-heif, besides `live`."""
