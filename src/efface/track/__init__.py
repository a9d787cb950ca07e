"""Detections to tracks: which sightings are one object, inside one shot, and what is covered between and around them."""
