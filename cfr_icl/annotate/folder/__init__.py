"""A folder of pictures and the saved work on them."""
