"""Makes the network that says whether a doubtful plate is on a vehicle (`detect.plate_context`)."""
