"""Videos: read their frames and sound, and write new ones."""
