"""Checks of a finished draft.

They read the file from the disk and share no code with the renderer.
"""
