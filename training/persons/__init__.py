"""Makes the network that finds persons (`detect.persons`)."""
