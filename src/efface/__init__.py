"""efface finds human faces in photos and videos and erases them so that nothing can bring them back."""

__version__ = "0.1.0"
