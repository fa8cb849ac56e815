"""Picture files that nobody has checked, decoded to pixels."""
