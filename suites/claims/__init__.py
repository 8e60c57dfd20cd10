"""Claims that were printed about frameworks: what to measure and show for them, and their rulings.

Nothing else imports this package; `xbench.extensions` and `xbench.registry` name what is used."""
