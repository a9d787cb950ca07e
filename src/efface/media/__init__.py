"""Files to frames, and frames to files. The only room that knows PyAV, Pillow and pillow-heif."""
