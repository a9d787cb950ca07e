"""Records of which files belong together: their text, their signature, and the check of both."""
