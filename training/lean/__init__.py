"""Makes the networks that look at films: those of photos, with fewer channels, taught to say the
same."""
