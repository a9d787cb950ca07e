"""Live cameras: what comes in from one address leaves for others with every face and plate erased, a moment later."""
