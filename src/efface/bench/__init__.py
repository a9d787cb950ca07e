"""Measuring: labelled sets, clips whose every box is known, scores, and tables. Nothing that erases imports this room."""
