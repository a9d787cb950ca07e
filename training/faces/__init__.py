"""Teaches CenterFace's later layers faces that it took for none, and what it took for faces."""
