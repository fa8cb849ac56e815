"""Picture files that nobody has checked: finding them, and decoding them to pixels."""
