"""Zoom-in: the part of a picture that the network sees, and probabilities for that part."""
