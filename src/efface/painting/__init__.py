"""Erase regions: masks that contain their boxes, and fills that never read what they replace."""
