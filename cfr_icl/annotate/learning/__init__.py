"""Learning from the finished pictures of a folder, in a process of its own."""
