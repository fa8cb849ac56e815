"""Changes of all pictures of a folder at once, and taking the last one back."""
