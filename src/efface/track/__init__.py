"""Detections to tracks: which sightings in a shot are one object, and what is covered between and
around them."""
