"""Makes the second network for faces: a small one, begun from YuNet's weights and taught on spoiled
pictures."""
