"""A labelled picture in memory: objects, masks, labels and attributes, and functions on them."""
