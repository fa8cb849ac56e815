"""Work that is shared by several processes and machines; docs/scale.md says which way is for whom."""
