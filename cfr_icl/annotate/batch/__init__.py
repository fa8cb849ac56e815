"""Masks for lists of clicks, boxes and masks over a folder of pictures, resumed where it was stopped."""
