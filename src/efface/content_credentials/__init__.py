"""Content Credentials (C2PA): signs what efface did to a copy, and checks such a signature."""
