"""Records and resources at rest. SQL stands here and nowhere else; nothing is read without a Visibility."""
