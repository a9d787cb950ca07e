"""Videos: reads their frames and sound, and writes them anew."""
