"""Training with Iterative Click Loss and SUEM copy-paste."""
