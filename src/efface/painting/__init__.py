"""Regions to erased pixels: masks that contain their boxes, and fills that never see what they replace."""
