"""Numbers and sentences, as far as intervals allow."""
